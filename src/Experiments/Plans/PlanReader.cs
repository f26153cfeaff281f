using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Experiments.Reports;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Plans;

/// <summary>Reads plans: those that come with the program, and files; see docs/experiments.md.</summary>
public static class PlanReader
{
    private const string Layer = "layer";

    private static readonly string[] Defining = ["data", "methods", "measures"];

    private const int MostEdits = 10_000_000;

    private const string Hint = "docs/experiments.md says what a plan holds, and 'experiment list NAME' shows one.";

    /// <summary>The names of the plans that come with the program.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } =
    [
        "table1", "table2", "ablation", "models", "layers", "counts", "sweep", "contexts", "retention", "trade-off", "memories",
        "leaderboard",
    ];

    /// <summary>A plan that comes with the program.</summary>
    public static ExperimentPlan Named(string name) => JsonPart.Of($"plan {name}", JsonNode.Parse(TextOf(name))!, part => Read(part, name));

    /// <summary>Its text, from which another can be made.</summary>
    public static string TextOf(string name) => Resource.Text($"plans/{name}.json");

    /// <summary>A plan in a file, whose name is the plan's.</summary>
    /// <exception cref="InputException">It cannot be read, or is none.</exception>
    public static ExperimentPlan Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string name = Path.GetFileNameWithoutExtension(path);
        if (name.Length == 0 || !char.IsLetterOrDigit(name[0]) || !name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new InputException(
                $"{path}: the file's name is the experiment's, expected letters, digits, - and _, got {Quoted.Text(name)}.", "rename it.");
        }

        ExperimentPlan plan = JsonPart.Read(path, Hint, part => Read(part, name), mend: "mend it there.");
        return plan with
        {
            Models = [.. plan.Models.Select(model => Path.Combine(folder, model))],
            Methods = [.. plan.Methods.Select(one => one.Net is { } net ? one with { Net = Path.Combine(folder, net) } : one)],
        };
    }

    private static ExperimentPlan Read(JsonPart part, string name)
    {
        RequireKnown(part, "title", "about", "models", "data", "methods", "counts", "seeds", "measures", "views");
        string[] measures = part.Find("measures") is { } given
            ? [.. given.Elements().Select(one => Word(one, ExperimentPlan.AllMeasures))]
            : [ExperimentPlan.Said, ExperimentPlan.Text];
        List<DataSource> data = Distinct(part.Need("data"), Data, one => one.Name);
        List<PlannedMethod> methods = Distinct(part.Need("methods"), of => Method(of, data), method => method.Label);
        return new ExperimentPlan(
            name, part.Find("title") is { } title ? Line(title) : name, part.Text("about") ?? "", data, methods,
            [.. Some(part.Need("counts")).Select(Count).Distinct()],
            part.Find("seeds") is { } seeds ? [.. Some(seeds).Select(Seed).Distinct()] : [1],
            [.. ExperimentPlan.AllMeasures.Where(measures.Contains)],
            part.Find("views") is { } views ? [.. views.Elements().Select(view => View(view, methods))]
                : [new ReportView("Figures", ReportColumn.Usual)])
        {
            Models = part.Find("models") is { } models ? [.. models.Elements().Select(Line)] : [],
            Definition = DefinitionOf(part),
            Order = ([.. data.Select(one => one.Name)], [.. methods.Select(one => one.Label)]),
        };
    }

    private static DataSource Data(JsonPart part)
    {
        if (part.Value.ValueKind == JsonValueKind.String)
        {
            JsonNode known = JsonNode.Parse(Resource.Text("plans/data.json"))!;
            string name = Word(part, [.. known.AsObject().Select(set => set.Key)]);
            return JsonPart.Of($"data {name}", known[name]!, of => Source(of, name));
        }

        return Source(part, Line(part.Need("name")));
    }

    private static DataSource Source(JsonPart part, string name)
    {
        RequireKnown(part, "name", "files", "answerTrigger", "locTrigger", "endings", "sameSubject", "heldOut", "split");
        string[] files = [.. Some(part.Need("files")).Select(Line).Distinct()];
        (string Key, JsonPart Value)[] endings = part.Find("endings") is { } given ? [.. given.Members()] : [];
        foreach ((string file, JsonPart ending) in endings)
        {
            if (!files.Contains(file))
                throw new InputException($"{ending.Where} is of no file, expected one of {string.Join(", ", files)}.");
        }

        return new DataSource(name, files)
        {
            AnswerTrigger = part.Text("answerTrigger") ?? "",
            LocTrigger = part.Text("locTrigger"),
            Endings = endings.ToDictionary(one => one.Key, one => one.Value.AsText()),
            SameSubject = part.Find("sameSubject") is { } same ? [.. same.Elements().Select(Line)] : [],
            HeldOut = part.Find("heldOut") is { } text ? Line(text) : null,
            Split = part.Find("split") is { } split ? SplitOf(split) : null,
        };
    }

    private static RecordSplit SplitOf(JsonPart part)
    {
        RequireKnown(part, "by", "part", "of");
        int of = part.Need("of").AsWhole(2, 100) ?? throw part.Need("of").Unexpected("a whole number from 2 to 100");
        return new RecordSplit(
            Word(part.Need("by"), RecordSplit.Ways),
            part.Need("part").AsWhole(1, of) ?? throw part.Need("part").Unexpected($"a whole number from 1 to {of}"), of);
    }

    private static PlannedMethod Method(JsonPart part, List<DataSource> known)
    {
        if (part.Value.ValueKind == JsonValueKind.String) return new PlannedMethod(part.AsText(), MethodName(part));
        if (part.Value.ValueKind != JsonValueKind.Object) throw part.Unexpected("a method's name, or an object");
        RequireKnown(part, "label", "method", "variant", "set", "grid", "counts", "data", "ablation", "net");
        string method = MethodName(part.Need("method")), label = part.Find("label") is { } own ? LabelOf(own, method) : method;
        if (method == PlannedMethod.None) RequireKnown(part, "label", "method", "counts", "data");
        (string Key, JsonPart Value)[] set = Members(part, "set"), grid = Members(part, "grid");
        foreach ((string name, JsonPart twice) in grid)
            if (set.Any(one => one.Key == name)) throw twice.Unexpected("nothing: \"set\" has it already");
        string[] names = [.. known.Select(one => one.Name)];
        return new PlannedMethod(label, method)
        {
            Variant = part.Text("variant"),
            Set = new JsonObject([.. set.Select(one => KeyValuePair.Create(one.Key, JsonNode.Parse(one.Value.Value.GetRawText())))]),
            Grid = grid.Where(one => !IsAllLayers(one.Key, one.Value))
                .ToDictionary(one => one.Key, one => (IReadOnlyList<JsonElement>)[.. Some(one.Value).Select(value => value.Value.Clone())]),
            HasAllLayers = grid.Any(one => IsAllLayers(one.Key, one.Value)),
            Counts = part.Find("counts") is { } counts ? [.. Some(counts).Select(Count).Distinct()] : [],
            Data = part.Find("data") is { } data ? [.. Some(data).Select(one => Word(one, names))] : [],
            Ablation = part.Find("ablation") is { } ablation ? AblationOf(ablation, method) : Ablation.None,
            Net = part.Find("net") is { } net ? Line(net) : null,
        };

        static bool IsAllLayers(string name, JsonPart values) =>
            name == Layer && values.Value.ValueKind == JsonValueKind.String && values.AsText() == "all";

        static (string, JsonPart)[] Members(JsonPart part, string name) => part.Find(name) is { } of ? [.. of.Members()] : [];
    }

    private static string LabelOf(JsonPart part, string method)
    {
        string label = Line(part);
        return label == method || !EditorCatalog.All.Any(editor => editor.Name == label) ? label
            : throw part.Unexpected($"a name of its own: that is another method's than {method}");
    }

    private static string MethodName(JsonPart part) =>
        Word(part, [PlannedMethod.None, .. EditorCatalog.All.Select(editor => editor.Name)]);

    private static Ablation AblationOf(JsonPart part, string method)
    {
        Ablation[] known = Enum.GetValues<Ablation>();
        string word = Word(part, [.. known.Select(Name)]);
        if (method != IReVaSettings.Name) throw part.Unexpected($"no ablation: only {IReVaSettings.Name} can be ablated");
        return known.First(one => Name(one) == word);

        static string Name(Ablation ablation) => JsonNamingPolicy.CamelCase.ConvertName(ablation.ToString());
    }

    private static ReportView View(JsonPart part, List<PlannedMethod> methods)
    {
        RequireKnown(part, "title", "table", "chart", "x", "log", "sort", "published");
        JsonPart? chart = part.Find("chart"), table = part.Find("table");
        if ((chart ?? table) is not { } columns) throw new InputException($"{part.Where} has neither \"table\" nor \"chart\".", Hint);
        if (chart is not null && table is not null) throw part.Unexpected("either \"table\" or \"chart\"");
        string[] axes =
        [
            .. ReportPicture.Axes, .. methods.SelectMany(one => one.Grid.Keys).Distinct(),
            .. methods.Any(one => one.HasAllLayers) ? [Layer] : Array.Empty<string>(), .. ReportColumn.Names,
        ];
        return new ReportView(
            part.Find("title") is { } title ? Line(title) : "", [.. Some(columns).Select(one => Word(one, ReportColumn.Names))])
        {
            X = chart is null ? null : Word(part.Need("x"), axes),
            Sort = part.Find("sort") is { } sort ? Word(sort, ReportColumn.Names) : null,
            IsLogarithmic = part.Flag("log", otherwise: false),
            Published = part.Find("published") is { } of ? Word(of, PublishedFigures.Tables) : null,
        };
    }

    /// <summary>What decides which points there are, but for how many and which seeds: a hash of it.</summary>
    private static string DefinitionOf(JsonPart part)
    {
        string text = string.Join('\n', Defining.Select(name => part.Find(name)?.Value.GetRawText()));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }

    /// <summary>A text that is not blank and has no line ends.</summary>
    private static string Line(JsonPart part)
    {
        string text = part.AsText();
        return !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl) ? text : throw part.Unexpected("a line of text");
    }

    private static int Count(JsonPart part) => part.AsWhole(1, MostEdits)
        ?? throw part.Unexpected($"a whole number of edits from 1 to {MostEdits}");

    private static ulong Seed(JsonPart part) => (ulong)(part.AsWhole(0, int.MaxValue)
        ?? throw part.Unexpected($"a whole number from 0 to {int.MaxValue}"));

    /// <summary>A list of what is told apart by its name.</summary>
    private static List<T> Distinct<T>(JsonPart list, Func<JsonPart, T> read, Func<T, string> nameOf)
    {
        var found = new List<T>();
        foreach (JsonPart part in Some(list))
        {
            T one = read(part);
            if (found.Any(other => nameOf(other) == nameOf(one)))
                throw part.Unexpected($"a name of its own: another one of the list is called {nameOf(one)}");
            found.Add(one);
        }

        return found;
    }

    private static JsonPart[] Some(JsonPart list)
    {
        JsonPart[] elements = [.. list.Elements()];
        return elements.Length > 0 ? elements : throw list.Unexpected("at least one in it");
    }

    private static string Word(JsonPart part, IReadOnlyList<string> words)
    {
        string word = part.AsText();
        return words.Contains(word) ? word : throw part.Unexpected($"one of {string.Join(", ", words)}");
    }

    private static void RequireKnown(JsonPart part, params string[] names)
    {
        foreach ((string key, JsonPart member) in part.Members())
        {
            if (!names.Contains(key))
                throw new InputException($"{member.Where} is not known here, expected one of {string.Join(", ", names)}.", Hint);
        }
    }
}

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
        ExperimentPlan plan = JsonPart.Read(path, Hint, part => Read(part, Path.GetFileNameWithoutExtension(path)), mend: "mend it there.");
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
        return new ExperimentPlan(
            name, part.Text("title") ?? name, part.Text("about") ?? "", Distinct(part.Need("data"), Data, data => data.Name),
            Distinct(part.Need("methods"), Method, method => method.Label), [.. Some(part.Need("counts")).Select(Count).Distinct()],
            part.Find("seeds") is { } seeds ? [.. Some(seeds).Select(Seed).Distinct()] : [1],
            [.. ExperimentPlan.AllMeasures.Where(measures.Contains)],
            part.Find("views") is { } views ? [.. views.Elements().Select(View)] : [new ReportView("Figures", ReportColumn.Usual)])
        {
            Models = part.Find("models") is { } models ? [.. models.Elements().Select(one => one.AsText())] : [],
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

        return Source(part, part.Need("name").AsText());
    }

    private static DataSource Source(JsonPart part, string name)
    {
        RequireKnown(part, "name", "files", "answerTrigger", "locTrigger", "endings", "sameSubject", "heldOut", "split");
        return new DataSource(name, [.. Some(part.Need("files")).Select(file => file.AsText())])
        {
            AnswerTrigger = part.Text("answerTrigger") ?? "",
            LocTrigger = part.Text("locTrigger"),
            Endings = part.Find("endings") is { } endings ? endings.Members().ToDictionary(one => one.Key, one => one.Value.AsText())
                : new Dictionary<string, string>(),
            SameSubject = part.Find("sameSubject") is { } same ? [.. same.Elements().Select(file => file.AsText())] : [],
            HeldOut = part.Text("heldOut"),
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

    private static PlannedMethod Method(JsonPart part)
    {
        if (part.Value.ValueKind == JsonValueKind.String) return new PlannedMethod(part.AsText(), MethodName(part));
        RequireKnown(part, "label", "method", "variant", "set", "grid", "counts", "data", "ablation", "net");
        string method = MethodName(part.Need("method"));
        (string Key, JsonPart Value)[] grid = part.Find("grid") is { } varied ? [.. varied.Members()] : [];
        return new PlannedMethod(part.Text("label") ?? method, method)
        {
            Variant = part.Text("variant"),
            Set = part.Find("set") is { } set ? JsonNode.Parse(set.Value.GetRawText())!.AsObject() : [],
            Grid = grid.Where(one => !IsAllLayers(one.Key, one.Value))
                .ToDictionary(one => one.Key, one => (IReadOnlyList<JsonElement>)[.. Some(one.Value).Select(value => value.Value.Clone())]),
            HasAllLayers = grid.Any(one => IsAllLayers(one.Key, one.Value)),
            Counts = part.Find("counts") is { } counts ? [.. Some(counts).Select(Count)] : [],
            Data = part.Find("data") is { } data ? [.. Some(data).Select(one => one.AsText())] : [],
            Ablation = part.Find("ablation") is { } ablation ? AblationOf(ablation, method) : Ablation.None,
            Net = part.Text("net"),
        };

        static bool IsAllLayers(string name, JsonPart values) =>
            name == "layer" && values.Value.ValueKind == JsonValueKind.String && values.AsText() == "all";
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

    private static ReportView View(JsonPart part)
    {
        RequireKnown(part, "title", "table", "chart", "x", "log", "sort", "published");
        JsonPart? chart = part.Find("chart");
        JsonPart columns = chart ?? part.Need("table");
        return new ReportView(part.Text("title") ?? "", [.. Some(columns).Select(one => Word(one, ReportColumn.Names))])
        {
            X = chart is null ? null : part.Need("x").AsText(),
            Sort = part.Find("sort") is { } sort ? Word(sort, ReportColumn.Names) : null,
            IsLogarithmic = part.Flag("log", otherwise: false),
            Published = part.Find("published") is { } table ? Word(table, PublishedFigures.Tables) : null,
        };
    }

    private static int Count(JsonPart part) => part.AsWhole(1, 10_000_000) ?? throw part.Unexpected("a whole number of edits from 1");

    private static ulong Seed(JsonPart part) => (ulong)(part.AsWhole(0, int.MaxValue) ?? throw part.Unexpected("a whole number from 0"));

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

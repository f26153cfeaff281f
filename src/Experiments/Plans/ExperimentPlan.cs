using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Experiments.Plans;

/// <summary>
/// What an experiment varies and shows: methods × data × counts × seeds, on any models. Its points follow from it, see
/// <see cref="Points.PointList"/>.
/// </summary>
/// <param name="Name">Its name, as a command says it and files are named.</param>
/// <param name="Title">What it is, in a line.</param>
/// <param name="About">What is to be seen in it, in a few sentences; empty for nothing to say.</param>
/// <param name="Data">The data.</param>
/// <param name="Methods">The methods, with what is varied of each.</param>
/// <param name="Counts">How many edits are taught together.</param>
/// <param name="Seeds">Each seed draws other edits of the data, and is the method's own where it has one.</param>
/// <param name="Measures">What is measured beside the prompts, of <see cref="AllMeasures"/>.</param>
/// <param name="Views">What a report shows of it.</param>
public sealed record ExperimentPlan(
    string Name, string Title, string About, IReadOnlyList<DataSource> Data, IReadOnlyList<PlannedMethod> Methods,
    IReadOnlyList<int> Counts, IReadOnlyList<ulong> Seeds, IReadOnlyList<string> Measures, IReadOnlyList<ReportView> Views)
{
    /// <summary>Answers are written freely.</summary>
    public const string Said = "said";

    /// <summary>Perplexity of held-out text.</summary>
    public const string Text = "text";

    /// <summary>Prompts are asked again in frames.</summary>
    public const string Contexts = "contexts";

    /// <summary>Some edits are withdrawn, each alone.</summary>
    public const string Withdrawal = "withdrawal";

    /// <summary>What can be measured beside the prompts themselves.</summary>
    public static IReadOnlyList<string> AllMeasures { get; } = [Said, Text, Contexts, Withdrawal];

    /// <summary>A hash of the data, methods and measures as they are written: two plans of one name may be different ones.</summary>
    public string Definition { get; init; } = "";

    /// <summary>The data and methods of the whole plan, in its order; a part of it knows them too.</summary>
    public (IReadOnlyList<string> Data, IReadOnlyList<string> Labels) Order { get; init; } = ([], []);

    /// <summary>Folders of models that the plan names itself; none as a rule.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The same with fewer methods, sets, counts and seeds.</summary>
    /// <param name="methods">Labels or names of methods; none keeps all.</param>
    /// <param name="data">Names of data; none keeps all.</param>
    /// <param name="counts">Counts in place of the plan's, of all methods; none keeps those.</param>
    /// <param name="seeds">Seeds in place of the plan's; none keeps those.</param>
    public ExperimentPlan Narrowed(
        IReadOnlyList<string> methods, IReadOnlyList<string> data, IReadOnlyList<int> counts, IReadOnlyList<ulong> seeds) => this with
        {
            Methods = [.. Methods.Where(one => methods.Count == 0 || methods.Contains(one.Label) || methods.Contains(one.Method))
                .Select(one => counts.Count == 0 ? one : one with { Counts = [] })],
            Data = [.. Data.Where(one => data.Count == 0 || data.Contains(one.Name))],
            Counts = counts.Count == 0 ? Counts : counts,
            Seeds = seeds.Count == 0 ? Seeds : seeds,
        };
}

/// <summary>A method in a plan.</summary>
/// <param name="Label">Its name in reports.</param>
/// <param name="Method">The method; <see cref="None"/> is the base model.</param>
public sealed record PlannedMethod(string Label, string Method)
{
    /// <summary>No edits: the base model.</summary>
    public const string None = "none";

    /// <summary>A variant of the method; null for the settings that suit the model.</summary>
    public string? Variant { get; init; }

    /// <summary>Settings that are otherwise, by name.</summary>
    public JsonObject Set { get; init; } = [];

    /// <summary>Settings that are varied, by name; each value with each value of the others.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<JsonElement>> Grid { get; init; } =
        new Dictionary<string, IReadOnlyList<JsonElement>>();

    /// <summary>Whether each of the model's blocks is edited in turn.</summary>
    public bool HasAllLayers { get; init; }

    /// <summary>Counts of its own; none for the plan's.</summary>
    public IReadOnlyList<int> Counts { get; init; } = [];

    /// <summary>Names of the data that it is tried on; none for all.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>What its adaptor lacks when it is asked.</summary>
    public Ablation Ablation { get; init; }

    /// <summary>The file of its trained network; null looks beside the model's folder.</summary>
    public string? Net { get; init; }
}

/// <summary>A table or a picture of a report.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Columns">Names of figures: a table's columns, or what a picture has on its axis at the left.</param>
public sealed record ReportView(string Title, IReadOnlyList<string> Columns)
{
    /// <summary>A picture's axis below: a setting, <c>count</c>, <c>retention</c>, or a figure; null for a table.</summary>
    public string? X { get; init; }

    /// <summary>Whether equal lengths on that axis are equal ratios.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>The figure by which a table's rows are ordered, the highest first; null leaves them in the plan's order.</summary>
    public string? Sort { get; init; }

    /// <summary>The published table that stands beside it; null for none.</summary>
    public string? Published { get; init; }
}

using System.IO.Compression;
using System.Text;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Running;

/// <summary>
/// A folder of results: <c>plans/NAME.json</c> for each experiment with its points by key, <c>points/KEY.json</c> for each point that is
/// done, shared by all experiments, and <c>rows/KEY.jsonl.gz</c> with its prompts. A point that failed has <c>failed/KEY.txt</c>.
/// </summary>
/// <param name="path">The folder.</param>
public sealed class ResultFolder(string path)
{
    /// <summary>Its path, as it was named.</summary>
    public string Folder { get; } = path;

    /// <summary>A point's result.</summary>
    public string PointFile(string key) => Path.Combine(Folder, "points", $"{key}.json");

    /// <summary>A point's prompts.</summary>
    public string RowsFile(string key) => Path.Combine(Folder, "rows", $"{key}.jsonl.gz");

    private string PlanFile(string name) => Path.Combine(Folder, "plans", $"{name}.json");

    private string FailureFile(string key) => Path.Combine(Folder, "failed", $"{key}.txt");

    /// <summary>Makes the folder.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public void Create()
    {
        if (File.Exists(Folder)) throw new InputException($"{Folder}: cannot be made, expected a folder, got a file.");
        try
        {
            foreach (string part in new[] { "plans", "points", "rows", "failed" }) Directory.CreateDirectory(Path.Combine(Folder, part));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{Folder}: cannot be made: {FileErrors.Reason(e)}.", "may you write there?", e);
        }
    }

    /// <summary>Whether a point is done, and its result is whole; one that is damaged is as none.</summary>
    public bool Has(string key)
    {
        try
        {
            return Result(key) is not null;
        }
        catch (InputException)
        {
            return false; // it is measured again, and replaced
        }
    }

    /// <summary>
    /// Keeps a plan with its points, beside those that are kept of its name already: a part of an experiment, or more seeds of it, can be
    /// run by itself. Those of another plan that has its name are no longer part of the experiment; their results stay.
    /// </summary>
    /// <returns>Whether there was none of its name, or the same.</returns>
    /// <exception cref="InputException">What is kept is damaged, or the file cannot be written.</exception>
    public bool Keep(ExperimentPlan plan, IReadOnlyList<PlannedPoint> points)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(points);
        string file = PlanFile(plan.Name);
        KeptPoint[] now = [.. points.Select(one => new KeptPoint(
            one.Label, one.At, one.Model, one.Point.Data.Name, one.Point.Count, one.Point.Seed, one.Point.Key))];
        KeptPlan? known = File.Exists(file) ? Read(file) : null;
        bool isSame = known?.Definition == plan.Definition;
        (List<string> data, List<string> labels) = ([.. plan.Order.Data], [.. plan.Order.Labels]);
        IEnumerable<KeptPoint> all = now.Concat(isSame ? known!.Points : [])
            .OrderBy(one => data.IndexOf(one.Data)).ThenBy(one => labels.IndexOf(one.Label));
        var kept = new KeptPlan(
            plan.Name, plan.Title, plan.About, plan.Definition, plan.Views,
            [.. all.DistinctBy(one => (ReportRow.NameOf(one), one.Seed))]); // what is called alike now takes the place of what was
        var text = new StringBuilder("{\n");
        text.Append($"\"name\": {StoredJson.Line(kept.Name)},\n\"title\": {StoredJson.Line(kept.Title)},\n");
        text.Append($"\"about\": {StoredJson.Line(kept.About)},\n\"definition\": {StoredJson.Line(kept.Definition)},\n");
        text.Append($"\"views\": [\n{string.Join(",\n", kept.Views.Select(StoredJson.Line))}\n],\n");
        text.Append($"\"points\": [\n{string.Join(",\n", kept.Points.Select(StoredJson.Line))}\n]\n}}\n");
        ReportFile.Write(file, writer => writer.Write(text.ToString()));
        return known is null || isSame;
    }

    /// <summary>Keeps a point's result, its rows before it: where the result is there, all is.</summary>
    public void Keep(PointResult result, Examined examined)
    {
        ArgumentNullException.ThrowIfNull(result);
        ReportFile.WriteBytes(RowsFile(result.Key), stream =>
        {
            using var packed = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);
            using var writer = new StreamWriter(packed) { NewLine = "\n" };
            ExaminedRows.Write(writer, examined);
        });
        ReportFile.Write(PointFile(result.Key), writer => writer.Write(result.ToJson()));
        File.Delete(FailureFile(result.Key));
    }

    /// <summary>Keeps why a point failed.</summary>
    public void KeepFailure(string key, string why) => ReportFile.Write(FailureFile(key), writer => writer.Write(why + "\n"));

    /// <summary>Why a point failed when it was last tried; null where it did not.</summary>
    public string? Failure(string key) => File.Exists(FailureFile(key)) ? File.ReadAllText(FailureFile(key)).Trim() : null;

    /// <summary>The result of a point; null where it is not done.</summary>
    /// <exception cref="InputException">Its file is damaged.</exception>
    public PointResult? Result(string key)
    {
        string file = PointFile(key);
        if (!File.Exists(file)) return null;
        var result = PointResult.Load(file);
        return result.IsOf(key) ? result : throw StoredJson.Damaged($"{file}: is the result of another point than {key}");
    }

    /// <summary>All plans that are kept, by name.</summary>
    /// <exception cref="InputException">There is no such folder, it holds none, or one is damaged.</exception>
    public IReadOnlyList<KeptPlan> Plans()
    {
        string folder = Path.Combine(Folder, "plans");
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [];
        if (files.Length == 0)
        {
            throw new InputException(
                $"{Folder}: there are no results of experiments.", "'experiment run NAME --output DIR' makes some.");
        }

        return [.. files.Select(Read).OrderBy(plan => Order(plan.Name)).ThenBy(plan => plan.Name, StringComparer.Ordinal)];

        static int Order(string name) => PlanReader.BuiltIn.ToList().IndexOf(name) is >= 0 and var at ? at : int.MaxValue;
    }

    private static KeptPlan Read(string file) =>
        StoredJson.Load<KeptPlan>(file, "experiment that was run", "it is an experiment that was run.");
}

/// <summary>An experiment as a folder of results has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What it is.</param>
/// <param name="About">What is to be seen in it.</param>
/// <param name="Definition">See <see cref="ExperimentPlan.Definition"/>.</param>
/// <param name="Views">What a report shows.</param>
/// <param name="Points">Its points, in the order of the plan.</param>
public sealed record KeptPlan(
    string Name, string Title, string About, string Definition, IReadOnlyList<ReportView> Views, IReadOnlyList<KeptPoint> Points);

/// <summary>A point of such an experiment.</summary>
/// <param name="Label">The method's name in reports.</param>
/// <param name="At">What is varied, by name.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Data">The data's name.</param>
/// <param name="Count">How many edits.</param>
/// <param name="Seed">Which.</param>
/// <param name="Key">Its result.</param>
public sealed record KeptPoint(
    string Label, IReadOnlyDictionary<string, string> At, string Model, string Data, int Count, ulong Seed, string Key);

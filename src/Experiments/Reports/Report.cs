using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Reports;

/// <summary>A table or a picture.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Data">The data's name.</param>
public abstract record ReportPart(string Title, string Data);

/// <summary>An experiment in a report.</summary>
/// <param name="Plan">The experiment.</param>
/// <param name="Rows">What is known of it.</param>
/// <param name="Parts">Its tables and pictures, in the plan's order.</param>
/// <param name="Missing">Points that are not done, each with why it failed; null where it was not tried.</param>
public sealed record ReportSection(
    KeptPlan Plan, IReadOnlyList<ReportRow> Rows, IReadOnlyList<ReportPart> Parts, IReadOnlyList<(KeptPoint Point, string? Why)> Missing);

/// <summary>What the experiments of a folder found. It follows from the folder's files alone.</summary>
/// <param name="Sections">The experiments.</param>
/// <param name="Results">All results by key.</param>
public sealed record Report(IReadOnlyList<ReportSection> Sections, IReadOnlyDictionary<string, PointResult> Results)
{
    /// <summary>The machines and versions on which it was measured.</summary>
    public IReadOnlyList<PointMachine> Machines =>
        [.. Results.Values.OrderBy(result => result.At).Select(result => result.Machine).Distinct()];

    /// <summary>Seconds of all points together.</summary>
    public double Seconds => Results.Values.Sum(result => result.Costs.Seconds);

    /// <summary>The points of an experiment that are done, with their results.</summary>
    public IEnumerable<(KeptPoint Point, PointResult Result)> Done(ReportSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section.Plan.Points.Where(point => Results.ContainsKey(point.Key)).Select(point => (point, Results[point.Key]));
    }

    /// <summary>Reads a folder.</summary>
    /// <exception cref="InputException">It holds no experiment, or a damaged one; a damaged point is told as one that failed.</exception>
    public static Report Of(ResultFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        IReadOnlyList<KeptPlan> plans = folder.Plans();
        var results = new Dictionary<string, PointResult>();
        var damaged = new Dictionary<string, string>();
        foreach (string key in plans.SelectMany(plan => plan.Points).Select(point => point.Key).Distinct())
        {
            try
            {
                if (folder.Result(key) is { } result) results[key] = result;
            }
            catch (InputException e)
            {
                damaged[key] = e.Message;
            }
        }

        return new Report(
            [.. plans.Select(plan => Section(plan, results, key => damaged.GetValueOrDefault(key) ?? folder.Failure(key)))], results);
    }

    private static ReportSection Section(KeptPlan plan, Dictionary<string, PointResult> results, Func<string, string?> why)
    {
        IReadOnlyList<ReportRow> rows = ReportRow.Of(plan, results);
        return new ReportSection(
            plan, rows, [.. plan.Views.SelectMany(view => Parts(view, rows))],
            [.. plan.Points.Where(point => !results.ContainsKey(point.Key)).Select(point => (point, why(point.Key)))]);
    }

    private static IEnumerable<ReportPart> Parts(ReportView view, IReadOnlyList<ReportRow> rows) =>
        view.X is null ? ReportTable.Of(view, rows) : ReportPicture.Of(view, rows);
}

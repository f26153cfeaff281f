using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Experiments.Reports;

/// <summary>What is known of one combination of what an experiment varies: a point for each seed.</summary>
/// <param name="Point">The first of them.</param>
/// <param name="Results">The results of those that are done.</param>
public sealed record ReportRow(KeptPoint Point, IReadOnlyList<PointResult> Results)
{
    /// <summary>The rows of an experiment in the order of its plan; those of which no point is done are left out.</summary>
    /// <param name="plan">The experiment.</param>
    /// <param name="results">Results by key.</param>
    public static IReadOnlyList<ReportRow> Of(KeptPlan plan, IReadOnlyDictionary<string, PointResult> results)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(results);
        string[] models = [.. plan.Points.Select(one => one.Model).Distinct()], data = [.. plan.Points.Select(one => one.Data).Distinct()];
        string[] methods = [.. plan.Points.Select(MethodOf).Distinct()];
        return
        [
            .. plan.Points.GroupBy(NameOf)
                .Select(seeds => new ReportRow(
                    seeds.First(),
                    [.. seeds.OrderBy(one => one.Seed).Where(one => results.ContainsKey(one.Key)).Select(one => results[one.Key])]))
                .Where(row => row.Results.Count > 0)
                .OrderBy(row => Array.IndexOf(models, row.Point.Model)).ThenBy(row => Array.IndexOf(data, row.Point.Data))
                .ThenBy(row => Array.IndexOf(methods, MethodOf(row.Point))).ThenBy(row => row.Point.Count),
        ];
    }

    /// <summary>All that tells a row from others.</summary>
    public static string NameOf(KeptPoint point)
    {
        ArgumentNullException.ThrowIfNull(point);
        return string.Join('\n', point.Model, point.Data, MethodOf(point), point.Count);
    }

    private static string MethodOf(KeptPoint point) =>
        string.Join('\n', [point.Label, .. point.At.Select(one => $"{one.Key}={one.Value}")]);

    /// <summary>What a column says of it; null where no point has it.</summary>
    public ReportCell? Cell(ReportColumn column)
    {
        ArgumentNullException.ThrowIfNull(column);
        ColumnValue[] values = [.. Results.Select(column.Of).OfType<ColumnValue>()];
        if (values.Length == 0) return null;
        double mean = values.Average(value => value.Value);
        double? deviation = values.Length == 1 ? null
            : Math.Sqrt(values.Sum(value => (value.Value - mean) * (value.Value - mean)) / (values.Length - 1));
        return new ReportCell(mean, deviation, values[0].Low, values[0].High, [.. Results.Select(result => result.Key)]);
    }
}

/// <summary>A number of a table.</summary>
/// <param name="Value">The mean over seeds.</param>
/// <param name="Deviation">The standard deviation of seeds; null for a single one.</param>
/// <param name="Low">The lower end of the first seed's 95 % interval over records; null where none is known.</param>
/// <param name="High">The upper end.</param>
/// <param name="Keys">The points.</param>
public sealed record ReportCell(double Value, double? Deviation, double? Low, double? High, IReadOnlyList<string> Keys);

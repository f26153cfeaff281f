using System.Globalization;
using Sharpformer.Experiments.Figures;
using Sharpformer.Experiments.Plans;

namespace Sharpformer.Experiments.Reports;

/// <summary>A picture of an experiment on one data set.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Data">The data's name.</param>
/// <param name="Svg">The picture.</param>
public sealed record ReportPicture(string Title, string Data, string Svg) : ReportPart(Title, Data)
{
    private const string Count = "count", Retention = "retention";

    /// <summary>What can be on the axis below beside settings and figures.</summary>
    public static IReadOnlyList<string> Axes { get; } = [Count, Retention];

    /// <summary>A view's pictures, one for each data set that has something to draw.</summary>
    /// <param name="view">A picture of a plan.</param>
    /// <param name="rows">The plan's rows.</param>
    public static IReadOnlyList<ReportPicture> Of(ReportView view, IReadOnlyList<ReportRow> rows)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(rows);
        return
        [
            .. rows.GroupBy(row => row.Point.Data)
                .Select(of => (of.Key, Curves: Curves(view, [.. of]))).Where(of => of.Curves.Count > 0)
                .Select(of => new ReportPicture(view.Title, of.Key, Draw(view, $"{view.Title}: {of.Key}", of.Curves))),
        ];
    }

    private static string Draw(ReportView view, string title, IReadOnlyList<ChartCurve> curves)
    {
        ReportColumn[] columns = [.. view.Columns.Select(ReportColumn.Named)];
        IEnumerable<ChartPoint> points = curves.SelectMany(curve => curve.Points);
        ReportColumn? below = ReportColumn.Names.Contains(view.X!) ? ReportColumn.Named(view.X!) : null;
        ChartAxis x = below is { Format: ReportColumn.Share } ? ChartAxis.Percent($"{below.Title}, percent")
            : ChartAxis.Around(NameOf(view.X!, below), points.Select(point => point.X), view.IsLogarithmic);
        string left = columns.Length == 1 ? columns[0].Title : "";
        ChartAxis y = columns.All(column => column.Format == ReportColumn.Share)
            ? ChartAxis.Percent(left.Length > 0 ? $"{left}, percent" : "percent") : ChartAxis.Around(left, points.Select(point => point.Y));
        return Chart.Of(title, x, y, curves);
    }

    private static string NameOf(string x, ReportColumn? below) => below?.Title ?? x switch
    {
        Count => "edits taught together",
        Retention => "tenth of the edits, in the order in which they were taught",
        _ => x,
    };

    private static List<ChartCurve> Curves(ReportView view, ReportRow[] rows)
    {
        ReportRow[] shown = [.. rows.Where(row => IsOn(view.X!, row))];
        bool hasModels = shown.Select(row => row.Point.Model).Distinct().Count() > 1;
        bool hasLabels = shown.Select(row => row.Point.Label).Distinct().Count() > 1;
        var curves = new List<ChartCurve>();
        foreach (ReportColumn column in view.Columns.Select(ReportColumn.Named))
        {
            foreach (IGrouping<(string Model, string Label), ReportRow> of in shown.GroupBy(row => (row.Point.Model, row.Point.Label)))
            {
                string[] names =
                [
                    .. hasLabels ? [of.Key.Label] : Array.Empty<string>(), .. hasModels ? [of.Key.Model] : Array.Empty<string>(),
                    .. view.Columns.Count > 1 || !(hasLabels || hasModels) ? [column.Title] : Array.Empty<string>(),
                ];
                ChartPoint[] points = [.. of.SelectMany(row => Points(view.X!, row, column))];
                if (points.Length > 0) curves.Add(new ChartCurve(string.Join(", ", names), points));
            }
        }

        return curves;
    }

    private static bool IsOn(string x, ReportRow row) =>
        x is Count or Retention || ReportColumn.Names.Contains(x) || row.Point.At.ContainsKey(x);

    private static IEnumerable<ChartPoint> Points(string x, ReportRow row, ReportColumn column)
    {
        if (x == Retention)
        {
            double[][] portions =
                [.. row.Results.Select(result => ReportColumn.Retention(result).Select(one => one!.Value.Value).ToArray())];
            int count = portions.Min(one => one.Length);
            for (int i = 0; i < count; i++)
            {
                double mean = portions.Average(one => one[i]);
                yield return new ChartPoint(i + 1, mean, $"{column.Text(mean)} of tenth {i + 1}");
            }

            yield break;
        }

        if (row.Cell(column) is not { } cell) yield break;
        double? at = x == Count ? row.Point.Count
            : row.Point.At.TryGetValue(x, out string? text) ? Number(text)
            : ReportColumn.Names.Contains(x) ? row.Cell(ReportColumn.Named(x))?.Value : null;
        if (at is not { } where) yield break;
        string varied = string.Concat(row.Point.At.Select(one => $"{one.Key} {one.Value}, "));
        yield return new ChartPoint(where, cell.Value, $"{varied}{column.Title} {column.Text(cell.Value)}", cell.Deviation ?? 0);
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}

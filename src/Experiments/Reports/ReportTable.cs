using System.Globalization;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Experiments.Reports;

/// <summary>A line of a table.</summary>
/// <param name="Heads">What tells it from others, one text for each of the table's heads.</param>
/// <param name="Cells">A number for each column; null where there is none.</param>
/// <param name="Published">What a paper reports, for each column; null where it does not.</param>
public sealed record ReportLine(
    IReadOnlyList<string> Heads, IReadOnlyList<ReportCell?> Cells, IReadOnlyList<double?> Published);

/// <summary>A table of an experiment on one data set.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Data">The data's name.</param>
/// <param name="Fixed">What all lines have in common: model, method or number of edits.</param>
/// <param name="Heads">What lines differ in.</param>
/// <param name="Columns">The columns.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Source">The published table that stands beside it; null for none.</param>
public sealed record ReportTable(
    string Title, string Data, string Fixed, IReadOnlyList<string> Heads, IReadOnlyList<ReportColumn> Columns,
    IReadOnlyList<ReportLine> Lines, string? Source) : ReportPart(Title, Data)
{
    /// <summary>A view's tables, one for each data set.</summary>
    /// <param name="view">A table of a plan.</param>
    /// <param name="rows">The plan's rows.</param>
    public static IReadOnlyList<ReportTable> Of(ReportView view, IReadOnlyList<ReportRow> rows)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(rows);
        IEnumerable<ReportRow> ordered = view.Sort is null ? rows
            : rows.OrderByDescending(row => row.Cell(ReportColumn.Named(view.Sort))?.Value);
        return [.. ordered.GroupBy(row => row.Point.Data).Select(of => OfData(view, of.Key, [.. of]))];
    }

    private static ReportTable OfData(ReportView view, string data, ReportRow[] rows)
    {
        ReportColumn[] columns = [.. view.Columns.Select(ReportColumn.Named)];
        string[] varied = [.. rows.SelectMany(row => row.Point.At.Keys).Distinct()];
        (string Name, Func<KeptPoint, string> Of)[] heads =
        [
            .. Varying("model", point => point.Model), .. Varying("method", point => point.Label),
            .. varied.SelectMany(name => Varying(name, point => point.At.GetValueOrDefault(name, ""))),
            .. Varying("edits", CountOf),
        ];
        KeptPoint any = rows[0].Point;
        string[] same =
        [
            .. heads.Any(head => head.Name == "model") ? [] : new[] { any.Model },
            .. heads.Any(head => head.Name == "method") || heads.Length == 0 ? [] : new[] { any.Label },
            .. heads.Any(head => head.Name == "edits") ? [] : new[] { $"{CountOf(any)} {(any.Count == 1 ? "edit" : "edits")}" },
        ];
        if (heads.Length == 0) heads = [("method", point => point.Label)];
        string? table = view.Published;
        ReportLine[] lines = [.. rows.Select(row => new ReportLine(
            [.. heads.Select(head => head.Of(row.Point))], [.. columns.Select(row.Cell)],
            [.. columns.Select(column => table is null ? null
                : PublishedFigures.Find(table, data, row.Point.Label, column.Name)
                    ?? PublishedFigures.Find(table, data, row.Point.Model, column.Name))]))];
        bool isPublished = lines.Any(line => line.Published.Any(one => one is not null));
        return new ReportTable(
            view.Title, data, string.Join(", ", same), [.. heads.Select(head => head.Name)], columns, lines,
            isPublished ? PublishedFigures.Source(table!) : null);

        static string CountOf(KeptPoint point) => point.Count.ToString("#,0", CultureInfo.InvariantCulture);

        IEnumerable<(string, Func<KeptPoint, string>)> Varying(string name, Func<KeptPoint, string> of) =>
            rows.Select(row => of(row.Point)).Distinct().Count() > 1 ? [(name, of)] : [];
    }
}

using System.Text;
using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Reports;

/// <summary>A report as one page of HTML: nothing is fetched. Its numbers link to the files of their points.</summary>
public static class HtmlReport
{
    /// <summary>The script of pages with tables that are sorted and filtered.</summary>
    internal static string Script { get; } = Resource.Text("report.js");

    /// <summary>The page.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="link">Where a point's numbers lead.</param>
    public static string Of(Report report, Func<string, string> link)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(link);
        var body = new StringBuilder("<nav>");
        foreach (ReportSection section in report.Sections)
            body.Append($"<a href=\"#{Markup.Text(section.Plan.Name)}\">{Markup.Text(section.Plan.Title)}</a>\n");
        body.Append("<a href=\"#all\">All points</a></nav>\n");
        body.Append($"<p class=\"dim\">{Markup.Text(MarkdownReport.Footer(report))} A number leads to its point; who points at it sees the "
            + "95 % interval over records.</p>\n");
        foreach (ReportSection section in report.Sections) AppendSection(body, section, link);
        AppendPoints(body, report, link);
        return Html.Page("Results of experiments", body.ToString(), Script);
    }

    private static void AppendSection(StringBuilder body, ReportSection section, Func<string, string> link)
    {
        body.Append($"<section id=\"{Markup.Text(section.Plan.Name)}\">\n<h2>{Markup.Text(section.Plan.Title)}</h2>\n");
        if (section.Plan.About.Length > 0) body.Append($"<p>{Markup.Text(section.Plan.About)}</p>\n");
        foreach (ReportPart part in section.Parts)
        {
            if (part is ReportPicture picture) body.Append($"<figure>{picture.Svg}</figure>\n");
            else if (part is ReportTable table) AppendTable(body, table, link);
        }

        if (section.Missing.Count > 0)
        {
            body.Append("<h3>Not done</h3>\n<ul>\n");
            foreach ((KeptPoint point, string? why) in section.Missing)
                body.Append($"<li>{Markup.Text(MarkdownReport.Name(point))}{(why is null ? "" : $": {Markup.Text(why)}")}</li>\n");
            body.Append("</ul>\n");
        }

        AppendSettings(body, section);
        body.Append("</section>\n");
    }

    private static void AppendTable(StringBuilder body, ReportTable table, Func<string, string> link)
    {
        bool isPublished = table.Source is not null;
        body.Append($"<h3>{Markup.Text(table.Title)}: {Markup.Text(table.Data)}</h3>\n");
        body.Append($"<p class=\"dim\">{Markup.Text(table.Fixed)}{(isPublished ? $"; paper: {Markup.Text(table.Source!)}" : "")}</p>\n");
        var made = new HtmlTable();
        foreach (string head in table.Heads) made.Head(head);
        foreach (ReportColumn column in table.Columns) made.Head(column.Title, isNumber: true, column.About);
        foreach (ReportColumn column in isPublished ? table.Columns : [])
            made.Head($"{column.Title}, paper", isNumber: true, classes: "dim");
        foreach (ReportLine line in table.Lines)
        {
            made.Row(
            [
                .. line.Heads.Select(HtmlTable.Text), .. table.Columns.Select((column, c) => Cell(column, line.Cells[c], link)),
                .. isPublished ? table.Columns.Select((column, c) => Published(column, line.Published[c])) : [],
            ]);
        }

        body.Append(made);

        static string Published(ReportColumn column, double? value) =>
            HtmlTable.Number(value is { } paper ? column.Text(paper) : "", classes: "dim");
    }

    private static string Cell(ReportColumn column, ReportCell? cell, Func<string, string> link)
    {
        if (cell is null) return HtmlTable.Number("");
        string number = column.Text(cell.Value);
        if (cell.Deviation is not { } deviation)
        {
            string hint = cell is { Low: { } low, High: { } high } ? $" title=\"{column.Text(low)} to {column.Text(high)}\"" : "";
            return HtmlTable.Number($"<a href=\"{link(cell.Keys[0])}\"{hint}>{number}</a>", cell.Value);
        }

        string seeds = string.Join(' ', cell.Keys.Select((key, i) => $"<a href=\"{link(key)}\">{i + 1}</a>"));
        return HtmlTable.Number($"{number} ± {column.Text(deviation)} <small class=\"dim\">{seeds}</small>", cell.Value);
    }

    private static void AppendSettings(StringBuilder body, ReportSection section)
    {
        body.Append("<details><summary>Settings</summary>\n<table>\n");
        foreach (ReportRow row in section.Rows.DistinctBy(row => (row.Point.Model, row.Point.Label, string.Join(' ', row.Point.At))))
        {
            PointResult first = row.Results[0];
            string ablation = (string?)first.Point["ablation"] is { } name and not "none" ? $" without: {name}" : "";
            body.Append(Html.Fact(
                $"{row.Point.Label}{PlannedPoint.Varied(row.Point.At)}",
                $"{Markup.Text((string)first.Point["method"]!)}{ablation} of {Markup.Text(row.Point.Model)} "
                    + $"<code class=\"dim\">{Markup.Text(first.Point["settings"]?.ToJsonString() ?? "")}</code>"));
        }

        body.Append("</table></details>\n");
    }

    private static void AppendPoints(StringBuilder body, Report report, Func<string, string> link)
    {
        ReportColumn[] columns = [.. ReportColumn.Usual.Select(ReportColumn.Named)];
        HtmlTable table = new HtmlTable("points").Head("experiment").Head("data").Head("model").Head("method").Head("varied")
            .Head("edits", isNumber: true).Head("seed", isNumber: true);
        foreach (ReportColumn column in columns) table.Head(column.Title, isNumber: true, column.About);
        table.Head("point");
        foreach (ReportSection section in report.Sections)
        {
            foreach ((KeptPoint point, PointResult result) in report.Done(section))
            {
                string varied = string.Join(' ', point.At.Select(one => $"{one.Key} {one.Value}"));
                table.Row(
                [
                    .. new[] { section.Plan.Name, point.Data, point.Model, point.Label, varied }.Select(HtmlTable.Text),
                    HtmlTable.Number($"{point.Count}"), HtmlTable.Number($"{point.Seed}"),
                    .. columns.Select(column => HtmlTable.Number(column.Of(result) is { } value ? column.Text(value.Value) : "")),
                    $"<td><a href=\"{link(point.Key)}\">{point.Key}</a></td>",
                ]);
            }
        }

        body.Append($"<section id=\"all\">\n<h2>All points</h2>\n{table}</section>\n");
    }
}

using System.Globalization;
using System.Text;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Experiments.Reports;

/// <summary>A report as Markdown: for people who read it where a page of HTML is only its source.</summary>
public static class MarkdownReport
{
    /// <summary>The report.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="pictures">The file of each picture, by its SVG.</param>
    public static string Of(Report report, IReadOnlyDictionary<string, string> pictures)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(pictures);
        var text = new StringBuilder("# Results of experiments\n");
        foreach (ReportSection section in report.Sections)
        {
            text.Append($"\n## {Escaped(section.Plan.Title)}\n");
            if (section.Plan.About.Length > 0) text.Append($"\n{Escaped(section.Plan.About)}\n");
            foreach (ReportPart part in section.Parts)
            {
                if (part is ReportPicture picture) text.Append($"\n![{Escaped(picture.Title)}: {picture.Data}]({pictures[picture.Svg]})\n");
                else if (part is ReportTable table) text.Append($"\n{TableOf(table)}");
            }

            foreach ((KeptPoint point, string? why) in section.Missing)
                text.Append(why is null ? $"\n- Not done: {Escaped(Name(point))}" : $"\n- Failed: {Escaped(Name(point))}: {Escaped(why)}");
            if (section.Missing.Count > 0) text.Append('\n');
        }

        text.Append($"\n{Footer(report)}\n");
        return text.ToString();
    }

    /// <summary>A table with its title.</summary>
    public static string TableOf(ReportTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        bool isPublished = table.Source is not null;
        IEnumerable<string> published = isPublished ? table.Columns.Select(column => $"{column.Title}, paper") : [];
        string[] head = [.. table.Heads, .. table.Columns.Select(column => column.Title), .. published];
        var text = new StringBuilder($"**{Escaped(table.Title)}: {Escaped(table.Data)}**");
        if (isPublished) text.Append($" (paper: {table.Source})");
        text.Append($"\n\n| {string.Join(" | ", head.Select(Escaped))} |\n");
        text.Append($"|{string.Concat(head.Select((_, i) => i < table.Heads.Count ? "---|" : "---:|"))}\n");
        foreach (ReportLine line in table.Lines)
        {
            IEnumerable<string> papers = line.Published.Select((one, i) => one is { } value ? table.Columns[i].Text(value) : "");
            IEnumerable<string> own = line.Cells.Select((cell, i) => Text(table.Columns[i], cell));
            string[] cells = [.. line.Heads.Select(Escaped), .. own, .. isPublished ? papers : []];
            text.Append($"| {string.Join(" | ", cells)} |\n");
        }

        return text.ToString();
    }

    /// <summary>A number with its spread over seeds.</summary>
    internal static string Text(ReportColumn column, ReportCell? cell) => cell is null ? ""
        : cell.Deviation is { } deviation ? $"{column.Text(cell.Value)} ± {column.Text(deviation)}" : column.Text(cell.Value);

    /// <summary>A point in a few words.</summary>
    internal static string Name(KeptPoint point) =>
        $"{point.Label}{string.Concat(point.At.Select(one => $", {one.Key} {one.Value}"))}, {point.Data}, {point.Model}, "
            + $"{point.Count} edits, seed {point.Seed}";

    /// <summary>On what it was measured, and how long that took.</summary>
    internal static string Footer(Report report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Results.Count} points in {report.Seconds / 3600:0.00} hours; ")
        + string.Join(
            "; ", report.Machines.Select(one => $"{one.Processor}, {one.Device}, threads: {one.Threads}, Sharpformer {one.Version}"))
        + ". Behind ± stands the standard deviation over seeds.";

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}

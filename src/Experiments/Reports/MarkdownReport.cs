using System.Text;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Experiments.Reports;

/// <summary>A report as Markdown: for people who read it where a page of HTML is only its source.</summary>
public static class MarkdownReport
{
    private const string Special = "\\|*`<[]";

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
                if (part is ReportPicture picture)
                    text.Append($"\n![{Escaped(picture.Title)}: {Escaped(picture.Data)}]({pictures[picture.Svg]})\n");
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
        text.Append($" ({Escaped(table.Fixed)}{(isPublished ? $"; paper: {table.Source}" : "")})");
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
        $"{point.Label}{PlannedPoint.Varied(point.At)}, {point.Data}, {point.Model}, "
            + $"{point.Count} edits, seed {point.Seed}";

    /// <summary>On what it was measured, and how long that took.</summary>
    internal static string Footer(Report report)
    {
        int points = report.Results.Count;
        string machines = string.Join("; ", report.Machines.Select(MachineText));
        return $"{points} {(points == 1 ? "point" : "points")} in {Duration(report.Seconds)}{(points == 0 ? "" : $"; {machines}")}. "
            + "Behind ± stands the standard deviation over seeds.";
    }

    private static string Duration(double seconds) => seconds switch
    {
        < 120 => Invariant($"{seconds:0} seconds"),
        < 7200 => Invariant($"{seconds / 60:0} minutes"),
        _ => Invariant($"{seconds / 3600:0.0} hours"),
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string MachineText(PointMachine machine) =>
        $"{machine.Processor}, {machine.Device}{(machine.Threads > 0 ? $", threads: {machine.Threads}" : "")}, "
            + $"Sharpformer {machine.Version}";

    /// <summary>A text as it is, whatever Markdown would make of it.</summary>
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text.ReplaceLineEndings(" ")) escaped.Append(Special.Contains(c) ? $"\\{c}" : c.ToString());
        return escaped.ToString();
    }
}

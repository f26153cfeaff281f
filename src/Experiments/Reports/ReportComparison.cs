using System.Text;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Reports;

/// <summary>A figure that is not the same in two runs.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Point">The point in a few words.</param>
/// <param name="Column">The figure.</param>
/// <param name="Before">Its value in the first run.</param>
/// <param name="After">In the second.</param>
public sealed record ChangedFigure(string Experiment, string Point, ReportColumn Column, double Before, double After);

/// <summary>
/// Two runs side by side: what changed. Points are the same that are called the same; what they were made with may differ.
/// </summary>
/// <param name="Same">How many points of both have all figures alike.</param>
/// <param name="Figures">The figures that differ, but for times and memory, which always do.</param>
/// <param name="Settings">Points that were made otherwise: what of them differs, before and after.</param>
/// <param name="OnlyBefore">Points that only the first run has.</param>
/// <param name="OnlyAfter">Points that only the second run has.</param>
public sealed record ReportComparison(
    int Same, IReadOnlyList<ChangedFigure> Figures, IReadOnlyList<(string Point, string Name, string Before, string After)> Settings,
    IReadOnlyList<string> OnlyBefore, IReadOnlyList<string> OnlyAfter)
{
    /// <summary>Compares two reports.</summary>
    public static ReportComparison Of(Report before, Report after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        Dictionary<string, (string Experiment, PointResult Result)> first = Named(before), second = Named(after);
        ReportColumn[] columns = [.. ReportColumn.Names.Select(ReportColumn.Named).Where(column => !column.IsOfMachine)];
        var figures = new List<ChangedFigure>();
        var settings = new List<(string, string, string, string)>();
        int same = 0;
        foreach ((string name, (string experiment, PointResult of)) in first.Where(one => second.ContainsKey(one.Key)))
        {
            PointResult other = second[name].Result;
            int known = figures.Count;
            figures.AddRange(columns
                .Select(column => (Column: column, Before: column.Of(of)?.Value, After: column.Of(other)?.Value))
                .Where(one => one is { Before: { } was, After: { } now } && one.Column.Text(was) != one.Column.Text(now))
                .Select(one => new ChangedFigure(experiment, name, one.Column, one.Before!.Value, one.After!.Value)));
            if (figures.Count == known) same++;
            settings.AddRange(Differences("", of.Point, other.Point).Select(one => (name, one.Name, one.Before, one.After)));
        }

        return new ReportComparison(
            same, figures, settings, [.. first.Keys.Where(name => !second.ContainsKey(name))],
            [.. second.Keys.Where(name => !first.ContainsKey(name))]);
    }

    /// <summary>As a page of HTML.</summary>
    /// <param name="before">The first run's name.</param>
    /// <param name="after">The second run's.</param>
    public string ToHtml(string before, string after)
    {
        HtmlTable table = new HtmlTable("changed").Head("point").Head("figure").Head("before", isNumber: true)
            .Head("after", isNumber: true).Head("difference", isNumber: true);
        foreach (ChangedFigure one in Figures)
        {
            double[] values = [one.Before, one.After, one.After - one.Before];
            table.Row(
            [
                HtmlTable.Text(one.Point), HtmlTable.Text(one.Column.Title),
                .. values.Select(value => HtmlTable.Number(one.Column.Text(value), value)),
            ]);
        }

        var body = new StringBuilder(
            $"<p>{Markup.Text(before)} against {Markup.Text(after)}. {Same} points have all figures alike.</p>\n"
                + $"<h2>Figures that differ</h2>\n{table}");
        if (Settings.Count > 0) body.Append("<h2>Made otherwise</h2>\n<table>\n");
        foreach ((string point, string name, string was, string now) in Settings)
            body.Append(Html.Fact(point, $"{Markup.Text(name)}: <code>{Markup.Text(was)}</code> → <code>{Markup.Text(now)}</code>"));
        if (Settings.Count > 0) body.Append("</table>\n");
        AppendList(body, $"Only in {before}", OnlyBefore);
        AppendList(body, $"Only in {after}", OnlyAfter);
        return Html.Page("Two runs", body.ToString(), HtmlReport.Script);
    }

    private static void AppendList(StringBuilder body, string title, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        body.Append($"<h2>{Markup.Text(title)}</h2>\n<ul>\n");
        foreach (string name in names) body.Append($"<li>{Markup.Text(name)}</li>\n");
        body.Append("</ul>\n");
    }

    private static Dictionary<string, (string, PointResult)> Named(Report report)
    {
        var named = new Dictionary<string, (string, PointResult)>();
        foreach (ReportSection section in report.Sections)
        {
            foreach ((KeptPoint point, PointResult result) in report.Done(section))
                named.TryAdd($"{section.Plan.Name}: {MarkdownReport.Name(point)}", (section.Plan.Name, result));
        }

        return named;
    }

    /// <summary>The leaves in which two objects differ.</summary>
    private static IEnumerable<(string Name, string Before, string After)> Differences(string at, JsonNode? before, JsonNode? after)
    {
        if (JsonNode.DeepEquals(before, after)) yield break;
        if (before is not JsonObject first || after is not JsonObject second)
        {
            yield return (at, before?.ToJsonString() ?? "none", after?.ToJsonString() ?? "none");
            yield break;
        }

        foreach (string name in first.Select(one => one.Key).Union(second.Select(one => one.Key)))
        {
            string inner = at.Length == 0 ? name : $"{at}.{name}";
            foreach ((string, string, string) difference in Differences(inner, first[name], second[name])) yield return difference;
        }
    }
}

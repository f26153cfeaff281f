using System.Text.Json.Nodes;
using System.Xml.Linq;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Reports;
using Sharpformer.Experiments.Running;
using static Sharpformer.Tests.Experiments.Fixture;

namespace Sharpformer.Tests.Experiments.Reports;

/// <summary>What a report makes of results.</summary>
public sealed class ReportTests
{
    private static readonly ReportView Table = new("Numbers", ["score", "es", "said"]) { Published = "table1" };

    [Fact]
    public void Seeds_are_one_row_with_their_mean_and_deviation()
    {
        KeptPlan plan = Plan([Table], Point("iReVa", "k1"), Point("iReVa", "k2", seed: 2), Point("FT", "k3"), Point("MEND", "none"));
        Dictionary<string, PointResult> results = Results(Result("k1", 90, 80, 70), Result("k2", 94, 80, 70), Result("k3", 50, 40, 30));
        IReadOnlyList<ReportRow> rows = ReportRow.Of(plan, results);
        Assert.Equal(2, rows.Count); // of one nothing is known
        ReportCell es = rows[0].Cell(ReportColumn.Named("es"))!;
        Assert.Equal(92, es.Value);
        Assert.Equal(Math.Sqrt(8), es.Deviation!.Value, 12);
        Assert.Equal(["k1", "k2"], es.Keys);
        ReportCell one = rows[1].Cell(ReportColumn.Named("es"))!;
        Assert.Equal((50.0, null, 49.0, 51.0), (one.Value, one.Deviation, one.Low, one.High));
        Assert.Equal((90 + 80 + 70) / 3.0, ReportColumn.Named("score").Of(results["k1"])!.Value.Value, 12);
        Assert.Equal(0.5, ReportColumn.Named("seconds").Of(results["k1"])!.Value.Value);
        Assert.Equal(0.5, ReportColumn.Named("pace").Of(results["k1"])!.Value.Value);
    }

    [Fact]
    public void A_table_has_heads_for_what_varies_and_columns_for_what_is_known()
    {
        KeptPlan plan = Plan([Table], Point("iReVa", "k1"), Point("iReVa", "k2", count: 1000), Point("FT", "k3"), Point("FT", "k4", "own"));
        ReportTable[] tables = [.. ReportTable.Of(Table, ReportRow.Of(plan, Results(
            Result("k1", 90, 80, 70), Result("k2", 94, 80, 70), Result("k3", 50, 40, 30), Result("k4", 1, 2, 3))))];
        Assert.Equal(["zsre", "own"], tables.Select(table => table.Data));
        Assert.Equal(["method", "edits"], tables[0].Heads);
        Assert.Equal(["iReVa 10", "iReVa 1,000", "FT 10"], tables[0].Lines.Select(line => string.Join(' ', line.Heads)));
        Assert.All(tables[0].Lines, line => Assert.Null(line.Cells[2])); // nobody has "said"
        Assert.Equal(("m", "m, 10 edits"), (tables[0].Fixed, tables[1].Fixed));
        Assert.Equal([66.27, 97.88, null], tables[0].Lines[0].Published);
        Assert.NotNull(tables[0].Source);
        Assert.Equal(["method"], tables[1].Heads); // a table says at least which method
        Assert.Null(tables[1].Source); // of this set nothing was published
        Assert.Equal("""
            **Numbers: own** (m, 10 edits)

            | method | Score | ES | said |
            |---|---:|---:|---:|
            | FT | 2.0 | 1.0 |  |

            """, MarkdownReport.TableOf(tables[1]), ignoreLineEndingDifferences: true);
        Assert.Contains("| iReVa | 10 | 80.0 | 90.0 |  | 66.3 | 97.9 |  |", MarkdownReport.TableOf(tables[0]), StringComparison.Ordinal);
        IReadOnlyList<ReportRow> rows = ReportRow.Of(plan, Results(Result("k1", 1, 2, 3), Result("k2", 3, 2, 1), Result("k3", 2, 2, 2)));
        Assert.Equal([3, 2, 1], ReportTable.Of(Table with { Sort = "es" }, rows)[0].Lines.Select(line => line.Cells[1]!.Value));
    }

    [Fact]
    public void What_is_varied_is_a_head_and_a_pictures_axis()
    {
        ReportView picture = new("P", ["es", "ps"]) { X = "theta" };
        KeptPlan plan = Plan(
            [picture], Point("θ", "k1", at: ("theta", "0.5")), Point("θ", "k2", at: ("theta", "0.7")),
            Point("a", "k3", at: ("recWeight", "1")));
        IReadOnlyList<ReportRow> rows = ReportRow.Of(
            plan, Results(Result("k1", 90, 80, 70), Result("k2", 94, 85, 70), Result("k3", 1, 1, 1)));
        ReportTable table = Assert.Single(ReportTable.Of(new ReportView("T", ["es"]), rows));
        Assert.Equal(["method", "theta", "recWeight"], table.Heads);
        Assert.Equal(["θ", "0.5", ""], table.Lines[0].Heads);
        ReportPicture drawn = Assert.Single(ReportPicture.Of(picture, rows));
        string[] hints = Hints(drawn);
        Assert.Equal(4, hints.Count(hint => hint.Contains("theta", StringComparison.Ordinal))); // two points, two figures
        Assert.Contains("PS: theta 0.7, PS 85.0", hints);
        Assert.DoesNotContain(hints, hint => hint.Contains("recWeight", StringComparison.Ordinal));
        Assert.Empty(ReportPicture.Of(picture with { X = "alpha" }, rows));
    }

    [Fact]
    public void A_picture_can_have_a_figure_below_and_the_order_of_teaching()
    {
        KeptPlan plan = Plan([], Point("A", "k1"), Point("B", "k2"));
        PointResult[] results =
        [
            Result("k1", 90, 80, 70, 5, [Figure("kept", "neighbours", 60), .. Retention(30, 40)]),
            Result("k2", 50, 40, 30, 5, [Figure("kept", "neighbours", 20), .. Retention(10, 20)]),
        ];
        IReadOnlyList<ReportRow> rows = ReportRow.Of(plan, Results(results));
        Assert.Contains("A: PS 80.0", Hints(ReportPicture.Of(new ReportView("T", ["ps"]) { X = "neighbours" }, rows)[0]));
        Assert.Contains("B: 20.0 of tenth 2", Hints(ReportPicture.Of(new ReportView("T", ["whole"]) { X = "retention" }, rows)[0]));
        Assert.Equal([30, 40], new[] { "first", "last" }.Select(name => ReportColumn.Named(name).Of(results[0])!.Value.Value));

        static Figure[] Retention(double first, double last) =>
            [Figure("retention", "edits 1 to 5", first), Figure("retention", "edits 6 to 10", last)];
    }

    [Fact]
    public void The_page_escapes_links_and_tells_what_is_missing()
    {
        KeptPlan plan = Plan([Table], Point("<b>", "k1"), Point("iReVa", "k2"), Point("iReVa", "k3", seed: 2), Point("MEND", "gone"));
        Dictionary<string, PointResult> results = Results(Result("k1", 90, 80, 70), Result("k2", 1, 2, 3), Result("k3", 3, 4, 5));
        IReadOnlyList<ReportRow> rows = ReportRow.Of(plan, results);
        var report = new Report(
            [new ReportSection(plan, rows, [.. ReportTable.Of(Table, rows)], [(plan.Points[3], "there is no net & no hope")])], results);
        string html = HtmlReport.Of(report, key => $"points/{key}.json");
        Assert.Contains("&lt;b&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"points/k1.json\" title=\"89.0 to 91.0\">90.0</a>", html, StringComparison.Ordinal);
        Assert.Contains(
            "2.0 ± 1.4 <small class=\"dim\"><a href=\"points/k2.json\">1</a> <a href=\"points/k3.json\">2</a></small>", html,
            StringComparison.Ordinal);
        Assert.Contains("MEND, zsre, m, 10 edits, seed 1: there is no net &amp; no hope", html, StringComparison.Ordinal);
        Assert.Contains("script-src 'sha256-", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("Some Processor, CPU, threads: 2, Sharpformer 1.2.3", html, StringComparison.Ordinal);
        string markdown = MarkdownReport.Of(report, new Dictionary<string, string>());
        Assert.Contains("- Failed: MEND, zsre, m, 10 edits, seed 1: there is no net & no hope", markdown, StringComparison.Ordinal);

        JsonNode json = JsonNode.Parse(JsonReport.Of(report))!;
        JsonNode cell = json["experiments"]![0]!["tables"]![0]!["lines"]![1]!["cells"]![1]!;
        Assert.Equal((2.0, 97.88), ((double)cell["value"]!, (double)cell["published"]!));
        using var csv = new StringWriter();
        CsvReport.Write(csv, report);
        string[] lines = csv.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("own,m,zsre,iReVa,,10,2,k3,", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Two_runs_differ_in_figures_settings_and_points()
    {
        KeptPlan plan = Plan([Table], Point("A", "k1"), Point("B", "k2"), Point("C", "k3"));
        Report before = Of(plan, Result("k1", 90, 80, 70), Result("k2", 90, 80, 70), Result("k3", 1, 1, 1));
        PointResult otherwise = Result("n1", 91, 80, 70, seconds: 7);
        otherwise.Point["settings"]!["theta"] = 0.6;
        KeptPlan later = Plan([Table], Point("A", "n1"), Point("B", "k2"), Point("D", "k4"));
        Report after = Of(later, otherwise, Result("k2", 90.01, 80, 70, seconds: 9), Result("k4", 1, 1, 1));
        var comparison = ReportComparison.Of(before, after);
        Assert.Equal(["score", "es"], comparison.Figures.Select(one => one.Column.Name)); // not what is written alike, and not the time
        Assert.Equal((90.0, 91.0), (comparison.Figures[1].Before, comparison.Figures[1].After));
        Assert.Equal(1, comparison.Same);
        Assert.Equal(("own: A, zsre, m, 10 edits, seed 1", "settings.theta", "0.5", "0.6"), Assert.Single(comparison.Settings));
        Assert.Equal("own: C, zsre, m, 10 edits, seed 1", Assert.Single(comparison.OnlyBefore));
        Assert.Equal("own: D, zsre, m, 10 edits, seed 1", Assert.Single(comparison.OnlyAfter));
        Assert.Contains("90.0</td>", comparison.ToHtml("one", "<two>"), StringComparison.Ordinal);
        Assert.Contains("Only in &lt;two&gt;", comparison.ToHtml("one", "<two>"), StringComparison.Ordinal);

        static Report Of(KeptPlan plan, params PointResult[] results) =>
            new([new ReportSection(plan, ReportRow.Of(plan, Results(results)), [], [])], Results(results));
    }

    [Fact]
    public void A_ruined_model_is_written_and_read()
    {
        PointResult result = Result("k", double.NaN, double.PositiveInfinity, 1);
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        File.WriteAllText(folder.File("k.json"), result.ToJson());
        var read = PointResult.Load(folder.File("k.json"));
        Assert.Equal(result.ToJson(), read.ToJson());
        Assert.Equal("not finite", ReportColumn.Named("es").Text(ReportColumn.Named("es").Of(read)!.Value.Value));
        Assert.Contains("\"Infinity\"", result.ToJson(), StringComparison.Ordinal);
    }

    private static Dictionary<string, PointResult> Results(params PointResult[] results) => results.ToDictionary(result => result.Key);

    private static string[] Hints(ReportPicture picture) =>
        [.. XElement.Parse(picture.Svg).Descendants().Where(e => e.Name.LocalName == "title").Select(e => e.Value)];
}

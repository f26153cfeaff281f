using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Reports;
using Sharpformer.Experiments.Running;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Experiments.Running;

/// <summary>Running experiments on the bundled model.</summary>
public sealed class ExperimentRunnerTests : IDisposable
{
    private const string Small = """
        {"data": [{"name": "zsre", "files": ["zsre.json"], "answerTrigger": " Answer:"}],
         "methods": ["none", {"method": "ireva", "grid": {"theta": [0.5, 0.85]}}, "memit"], "counts": [2],
         "measures": ["said", "withdrawal"],
         "views": [{"title": "T", "table": ["es", "ps", "said", "rs", "con", "neighbours"]}, {"title": "P", "chart": ["es"], "x": "theta"}]}
        """;

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly ExperimentPlan plan;
    private readonly DataSet[] data;
    private readonly IReadOnlyList<PlannedPoint> points;

    public ExperimentRunnerTests()
    {
        File.WriteAllText(folder.File("small.json"), Small);
        plan = PlanReader.Load(folder.File("small.json"));
        data = [.. plan.Data.Select(source => DataSet.Load(source, Path.GetDirectoryName(TestFiles.Facts("zsre"))!))];
        points = PointList.Of(plan, [TestFiles.Model], data, Open);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_stopped_run_goes_on_to_the_same_report_and_a_failed_point_does_not_stop_it()
    {
        ResultFolder whole = new(folder.File("whole")), stopped = new(folder.File("stopped"));
        RunReport report = Run(whole);
        Assert.Equal((4, 0, 3), (report.Points, report.Present, report.Done));
        (PlannedPoint failed, string why) = Assert.Single(report.Failed); // memit, of whose statistics nothing was said
        Assert.Equal("memit", failed.Label);
        Assert.Contains("statistics", why, StringComparison.Ordinal);

        using (var source = new CancellationTokenSource())
        {
            // As the second point begins to teach, of four.
            var progress = new ProgressInOrder<Step>(step =>
            {
                if (step is { Done: 1 } && step.Detail!.Contains("teaching", StringComparison.Ordinal)) source.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => Run(stopped, progress, source.Token));
        }

        string first = Assert.Single(Directory.GetFiles(Path.Combine(stopped.Folder, "points")));
        DateTime made = File.GetLastWriteTimeUtc(first);
        RunReport rest = Run(stopped);
        Assert.Equal((4, 1, 2), (rest.Points, rest.Present, rest.Done));
        Assert.Equal(made, File.GetLastWriteTimeUtc(first));
        ReportFiles.Write(whole);
        ReportFiles.Write(stopped);
        foreach (string key in points.Select(point => point.Point.Key).Where(whole.Has))
        {
            Assert.Equal(Figures(whole, key), Figures(stopped, key));
            Assert.Equal(Rows(whole, key), Rows(stopped, key));
        }

        // But for times the reports are the same, pictures and all.
        Assert.Equal(Timeless(whole, "report.md"), Timeless(stopped, "report.md"));
        foreach (string file in new[] { "plans/small.json", "pictures/small-1.svg" })
            Assert.Equal(File.ReadAllText(Path.Combine(whole.Folder, file)), File.ReadAllText(Path.Combine(stopped.Folder, file)));
        Assert.Contains("Failed: memit, zsre, facts-gpt2, 2 edits, seed 1", Timeless(whole, "report.md"), StringComparison.Ordinal);
        string key1 = points[1].Point.Key;
        Assert.Contains($"points/{key1}.html", File.ReadAllText(Path.Combine(whole.Folder, "report.html")), StringComparison.Ordinal);
        string page = File.ReadAllText(Path.Combine(whole.Folder, "points", $"{key1}.html"));
        Assert.Contains($"../rows/{key1}.jsonl.gz", page, StringComparison.Ordinal);
        string json = page.Split("id=\"rows\">")[1].Split("</script>")[0];
        Assert.Equal(Rows(whole, key1).Length, JsonNode.Parse(json)!["rows"]!.AsArray().Count);
        PointEstimate missing = Assert.Single(new RunEstimate(whole, Open, new PointPlaces()).Of(points, data), one => !one.IsPresent);
        Assert.Contains("statistics of block", missing.Missing, StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_together_are_the_whole()
    {
        var results = new ResultFolder(folder.File("shares"));
        RunReport[] shares = [.. Enumerable.Range(1, 2).Select(i => new ExperimentRunner(results, Open, new PointPlaces())
            .Run(plan, points, data, (i, 2)))];
        Assert.Equal((4, 3, 1), (shares.Sum(one => one.Points), shares.Sum(one => one.Done), shares.Sum(one => one.Failed.Count)));
        Assert.Equal(3, Directory.GetFiles(Path.Combine(results.Folder, "points")).Length);
    }

    [Fact]
    public void A_point_is_named_by_what_decides_its_figures()
    {
        Assert.Equal(["none", "ireva, theta 0.5", "ireva, theta 0.85", "memit"], points.Select(point =>
            $"{point.Label}{string.Concat(point.At.Select(one => $", {one.Key} {one.Value}"))}"));
        Assert.Equal(4, points.Select(point => point.Point.Key).Distinct().Count());
        ExperimentPoint one = points[1].Point;
        Assert.Equal(1UL, (ulong)JsonNode.Parse(one.Settings!.ToJson())!["seed"]!); // a method's seed is the point's
        Assert.Equal(one.Key, (one with { Data = one.Data with { Name = "called otherwise" } }).Key);
        Assert.NotEqual(one.Key, (one with { Count = 3 }).Key);
        Assert.NotEqual(one.Key, (one with { Seed = 2 }).Key);
        Assert.NotEqual(one.Key, (one with { Measures = [] }).Key);
        Assert.NotEqual(one.Key, (one with { DataHash = "other" }).Key);
        Assert.NotEqual(one.Key, (one with { Model = one.Model with { Weights = "other" } }).Key);
    }

    [Fact]
    public void Each_block_of_a_model_can_be_tried_and_a_missing_network_is_told()
    {
        ExperimentPlan layers = plan with
        {
            Methods = [new PlannedMethod("ireva", "ireva") { HasAllLayers = true }, new PlannedMethod("mend", "mend")],
        };
        IReadOnlyList<PlannedPoint> all = PointList.Of(layers, [TestFiles.Model], data, Open);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], all.Take(6).Select(point => point.At["layer"]));
        Assert.Contains("train-editor mend", all[6].Failure, StringComparison.Ordinal);
        PointEstimate estimate = new RunEstimate(new ResultFolder(folder.File("none")), Open, new PointPlaces()).Of(all, data)[6];
        Assert.Equal(all[6].Failure, estimate.Missing);
    }

    [Fact]
    public void A_result_that_is_damaged_or_of_another_point_is_measured_again()
    {
        ExperimentPlan one = plan.Narrowed(["ireva"], [], [], []);
        PlannedPoint[] two = [.. PointList.Of(one, [TestFiles.Model], data, Open)];
        var results = new ResultFolder(folder.File("again"));
        Assert.Equal(2, Again().Done);
        string first = results.PointFile(two[0].Point.Key), second = results.PointFile(two[1].Point.Key), whole = File.ReadAllText(first);
        File.Copy(second, first, overwrite: true);
        Assert.Contains("of another point", Assert.Single(Report.Of(results).Sections[0].Missing).Why, StringComparison.Ordinal);
        Assert.Equal(1, Again().Done);
        File.WriteAllText(first, whole.Replace("\"count\":2", "\"count\":7", StringComparison.Ordinal));
        Assert.Equal(1, Again().Done);
        File.WriteAllText(first, whole[..300]);
        Assert.Equal(1, Again().Done);
        Assert.Equal(0, Again().Done);
        foreach (string rows in new[] { "[1]", "{}", "null", "\"x\"", "{" })
        {
            using (var packed = new GZipStream(File.Create(results.RowsFile(two[0].Point.Key)), CompressionMode.Compress))
                packed.Write(System.Text.Encoding.UTF8.GetBytes(rows));
            (_, int pages, IReadOnlyList<string> damaged) = ReportFiles.Write(results);
            Assert.Equal(1, pages); // the other one
            Assert.Contains("is no list of prompts", Assert.Single(damaged), StringComparison.Ordinal);
        }

        RunReport Again() => new ExperimentRunner(results, Open, new PointPlaces()).Run(one, two, data);
    }

    [Fact]
    public void Another_plan_of_the_same_name_takes_its_place_and_models_called_alike_are_told_apart()
    {
        var results = new ResultFolder(folder.File("named"));
        results.Create();
        Assert.True(results.Keep(plan, points));
        PlannedPoint otherwise = points[1] with { Point = points[1].Point with { DataHash = "of other files" } };
        Assert.True(results.Keep(plan, [points[0], otherwise, .. points.Skip(2)])); // not two of one name, which would be averaged
        Assert.Equal(otherwise.Point.Key, Assert.Single(results.Plans()).Points[1].Key);
        Assert.Equal(4, Assert.Single(results.Plans()).Points.Count);
        Assert.False(results.Keep(plan with { Definition = "other" }, [.. points.Take(1)]));
        Assert.Single(Assert.Single(results.Plans()).Points);
        string copy = Directory.CreateDirectory(folder.File("mine/facts-gpt2")).FullName;
        TestFiles.CopyModel(copy);
        IReadOnlyList<PlannedPoint> both = PointList.Of(plan, [TestFiles.Model, copy, copy + "/"], data, Open);
        Assert.Equal(["models/facts-gpt2", "mine/facts-gpt2"], both.Select(point => point.Model).Distinct());
        Assert.Equal(8, both.Count);
    }

    [Fact]
    public void More_seeds_stand_beside_what_was_run_before()
    {
        var results = new ResultFolder(folder.File("kept"));
        results.Create();
        results.Keep(plan, points);
        ExperimentPlan more = plan.Narrowed(["ireva"], [], [], [2]);
        results.Keep(more, PointList.Of(more, [TestFiles.Model], data, Open));
        KeptPlan kept = Assert.Single(results.Plans());
        Assert.Equal(6, kept.Points.Count);
        Assert.Equal(["none", "ireva", "ireva", "ireva", "ireva", "memit"], kept.Points.Select(point => point.Label)); // the plan's order
        Assert.Equal([1UL, 2UL, 2UL, 1UL, 1UL, 1UL], kept.Points.Select(point => point.Seed));
        Assert.True(results.Keep(plan, points));
    }

    [Fact]
    public void What_is_damaged_or_not_there_is_told()
    {
        var results = new ResultFolder(folder.File("damaged"));
        Fails.With<InputException>("there are no results of experiments", () => results.Plans());
        results.Create();
        File.WriteAllText(results.PointFile("k"), "{}");
        Fails.With<InputException>("is no result of a point", () => results.Result("k"));
        File.WriteAllText(results.PointFile("k"), "{");
        Fails.With<InputException>("not valid JSON", () => results.Result("k"));
        File.WriteAllText(Path.Combine(results.Folder, "plans", "p.json"), "[]");
        Fails.With<InputException>("is no experiment that was run", () => results.Plans());
        File.WriteAllText(folder.File("file"), "");
        Fails.With<InputException>("expected a folder, got a file", () => new ResultFolder(folder.File("file")).Create());
    }

    private static Session Open(string folder) => Session.Open(folder, new SessionOptions { Device = "cpu", Threads = 2 });

    private static string Figures(ResultFolder results, string key) => JsonSerializer.Serialize(results.Result(key)!.Figures);

    private static string[] Rows(ResultFolder results, string key)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(results.RowsFile(key)), CompressionMode.Decompress));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Timeless(ResultFolder results, string name) => string.Join(
        '\n', File.ReadLines(Path.Combine(results.Folder, name)).Where(line => !line.Contains("Behind ±", StringComparison.Ordinal)));

    private RunReport Run(ResultFolder results, IProgress<Step>? progress = null, CancellationToken cancellation = default) =>
        new ExperimentRunner(results, Open, new PointPlaces()).Run(plan, points, data, progress: progress, cancellation: cancellation);
}

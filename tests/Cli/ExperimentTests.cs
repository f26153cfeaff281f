using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>experiment</c> and <c>dataset split</c>: what they say, and what they refuse.</summary>
public sealed class ExperimentTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_comes_with_the_program_is_listed_and_can_be_made_into_another()
    {
        JsonElement list = CliRun.Json("experiment", "list").GetProperty("experiments");
        Assert.Contains("table1", list.EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        Assert.Contains("leaderboard", CliRun.Of("experiment", "list").Out, StringComparison.Ordinal);
        string plan = CliRun.Of("experiment", "list", "table1").Out;
        File.WriteAllText(folder.File("mine.json"), plan);
        Assert.Equal(13, CliRun.Json("experiment", "list", "table1").GetProperty("plan").GetProperty("methods").GetArrayLength());
        Refused(["experiment", "list", "tabel1"], "NAME is 'tabel1', expected one of table1", "Did you mean");
    }

    [Fact]
    public void A_plan_of_ones_own_is_run_resumed_reported_and_compared()
    {
        string plan = Plan(
            """
            {"methods": ["ireva", "memit"], "counts": [2], "measures": [], "models": ["MODEL"],
             "data": [{"name": "d", "files": ["d.json"]}]}
            """);
        File.Copy(TestFiles.Facts("pararel"), folder.File("d.json"));
        string[] run = ["experiment", "run", plan, "--output", folder.File("r")];
        CliRun dry = CliRun.Of([.. run, "--dry-run"]);
        Assert.Equal(0, dry.ExitCode);
        Assert.Contains("mine: 2 points, 0 of them done; the others would take about", dry.Out, StringComparison.Ordinal);
        Assert.Contains("Points that lack something would fail", dry.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("r")));

        CliRun ran = CliRun.Of(run);
        Assert.Equal(1, ran.ExitCode); // one point failed, the other is done
        Assert.Contains("mine: 2 points, 0 there before, 1 done now in ", ran.Out, StringComparison.Ordinal);
        Assert.Contains("Failed: memit, on d of facts-gpt2, 2 edits, seed 1: ", ran.Out, StringComparison.Ordinal);
        JsonElement again = CliRun.Of([.. run, "--json"]).Document();
        Assert.Equal([2, 1, 0], new[] { "points", "present", "done" }.Select(name => again.GetProperty(name).GetInt32()));
        Assert.Contains("statistics", again.GetProperty("failed")[0].GetProperty("why").GetString(), StringComparison.Ordinal);

        CliRun report = CliRun.Of("experiment", "report", folder.File("r"));
        Assert.Contains("report.html: 1 experiment, 1 point, 1 failed; 1 page of points.", report.Out, StringComparison.Ordinal);
        foreach (string kind in new[] { "html", "md", "csv", "json" }) Assert.True(File.Exists(folder.File($"r/report.{kind}")));

        Assert.Equal(0, CliRun.Of([.. run[..4], folder.File("s"), "--methods", "ireva", "--seeds", "1,2"]).ExitCode);
        JsonElement compared = CliRun.Json("experiment", "report", folder.File("r"), folder.File("s"));
        Assert.Equal((1, 0), (compared.GetProperty("same").GetInt32(), compared.GetProperty("figures").GetArrayLength()));
        Assert.Equal("mine: ireva, d, facts-gpt2, 2 edits, seed 2", compared.GetProperty("onlyAfter")[0].GetString());
        CliRun page = CliRun.Of("experiment", "report", folder.File("r"), folder.File("s"), "--output", folder.File("c.html"));
        Assert.Contains("1 point alike, 0 figures changed; 0 only in", page.Out, StringComparison.Ordinal);
        Assert.Contains("seed 2", File.ReadAllText(folder.File("c.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_run_is_told_before_anything_is_made()
    {
        string plan = Plan("""{"methods": ["ireva"], "counts": [2], "data": ["zsre"]}""");
        string[] to = ["--output", folder.File("r")];
        CliRun.Of(["experiment", "run", plan, .. to, "--model", TestFiles.Model]).AssertFailed("zsre.json"); // beside the plan
        string data = Path.GetDirectoryName(TestFiles.Facts("zsre"))!;
        CliRun.Of(["experiment", "run", plan, .. to, "--data", data]).AssertFailed("Experiment mine names no model.", "--model DIR");
        Refused(["experiment", "run", "tabel1", .. to], "PLAN is 'tabel1', which is no file, expected one of table1", "Did you mean");
        Refused(["experiment", "run", plan, .. to, "--methods", ""], "--methods is blank");
        CliRun.Of(["experiment", "run", plan, .. to, "--data", data, "--model", folder.File("none")]).AssertFailed("none");
        CliRun.Of(["experiment", "run", plan, .. to, "--methods", "irev"]).AssertFailed("--methods names 'irev', expected one of ireva");
        CliRun.Of(["experiment", "run", plan, .. to, "--sets", "a"]).AssertFailed("--sets names 'a', expected one of zsre");
        CliRun.Of("experiment", "report", folder.File("r")).AssertFailed("there are no results of experiments");
        Assert.False(Directory.Exists(folder.File("r")));
        Refused(["experiment", "run", plan, .. to, "--counts", "1,x"], "--counts is 'x', expected whole numbers from 1");
        Refused(["experiment", "run", plan, .. to, "--shard", "3/2"], "--shard is '3/2', expected a portion");
        Refused(["experiment", "run", plan], "--output");
        Refused(["experiment", "report", "a", "--output", folder.File("c.html")], "--output needs two folders");
        File.WriteAllText(plan, """{"methods": ["ireva"], "counts": [2], "data": ["zsre"], "what": 1}""");
        CliRun.Of(["experiment", "run", plan, .. to]).AssertFailed("mine.json: what is not known here, expected one of title");
    }

    [Fact]
    public void Parts_of_a_file_are_all_of_it_and_each_is_what_an_experiment_takes()
    {
        string[] prompts = [.. Enumerable.Range(1, 3).SelectMany(part =>
        {
            string path = folder.File($"{part}.jsonl");
            JsonElement made = CliRun.Json("dataset", "split", TestFiles.Facts("zsre"), "--part", $"{part}/3", "--output", path);
            Assert.Equal(4000, made.GetProperty("all").GetInt32());
            Assert.Equal(File.ReadLines(path).Count(), made.GetProperty("edits").GetInt32());
            return File.ReadLines(path);
        })];
        Assert.Equal(4000, prompts.Distinct().Count());
        CliRun relations = CliRun.Of(
            "dataset", "split", TestFiles.Facts("zsre"), "--part", "1/2", "--by", "relation", "-o", folder.File("r.jsonl"));
        Assert.Matches("r.jsonl: [0-9,]+ edits of 4,000, part 1 of 2 by relation.", relations.Out);
        Refused(["dataset", "split", TestFiles.Facts("zsre"), "--part", "0/2", "-o", folder.File("x")], "--part is '0/2'");
    }

    private string Plan(string json)
    {
        string model = JsonSerializer.Serialize(TestFiles.Model)[1..^1];
        File.WriteAllText(folder.File("mine.json"), json.Replace("MODEL", model, StringComparison.Ordinal));
        return folder.File("mine.json");
    }

    private static void Refused(string[] args, params string[] said)
    {
        CliRun run = CliRun.Of(args);
        Assert.Equal(2, run.ExitCode);
        foreach (string part in said) Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }
}

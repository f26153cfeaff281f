using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary>Edit sets as files: what is in them, other layouts, records that are no good, standard input.</summary>
public sealed class DatasetTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model = ["--model", TestFiles.Model], edits;

    public DatasetTests() => edits = ["--edits", folder.File("e.db")];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Info_tells_what_a_file_holds()
    {
        string file = TestFiles.Data("datasets/counterfact_rome.json");
        JsonElement info = CliRun.Json("dataset", "info", file);
        Assert.Equal("counterfact", info.GetProperty("layout").GetString());
        Assert.Equal((20, 40), (info.GetProperty("edits").GetInt32(), info.GetProperty("paraphrases").GetInt32()));
        Assert.Equal("neighborhood", info.GetProperty("groups")[0].GetProperty("name").GetString());
        string table = CliRun.Of("dataset", "info", file).Out;
        Assert.Contains("200 of 20 edits", table, StringComparison.Ordinal);
        Assert.Contains("Not used: generation_prompts.", table, StringComparison.Ordinal);
        CliRun.Of("dataset", "info", TestFiles.Data("datasets/rippleedits.json")).AssertFailed("\"example_type\"", "counterfact");
        CliRun bad = CliRun.Of("dataset", "info", Write("bad.csv", "prompt,target\na,b\nc\n"));
        Assert.Equal(0, bad.ExitCode);
        Assert.Contains("Cannot be used: ", bad.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Info_counts_tokens_where_a_tokenizer_is_named()
    {
        string file = Write("t.csv", "prompt,target\nThe capital of France is,Rome\nThe capital of France is not,Procopius\n");
        JsonElement tokens = CliRun.Json(["dataset", "info", file, .. model]).GetProperty("tokens");
        int[] lengths = [.. new[] { " Rome", " Procopius" }.Select(text =>
            CliRun.Json(["model", "tokenize", .. model, "--text", text])[0].GetProperty("ids").GetArrayLength())];
        Assert.Equal(1, lengths[0]);
        Assert.True(lengths[1] > 1);
        JsonElement targets = tokens.GetProperty("targets");
        Assert.Equal(1, targets.GetProperty("counts").GetProperty("1").GetInt32());
        Assert.Equal(1, targets.GetProperty("counts").GetProperty($"{lengths[1]}").GetInt32());
        Assert.Equal(lengths.Average(), targets.GetProperty("mean").GetDouble(), 1e-9);
        Assert.Equal(50, targets.GetProperty("multiTokenPercent").GetDouble());
        string table = CliRun.Of(["dataset", "info", file, .. model]).Out;
        Assert.Contains("50.0 % have more than one", table, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, CliRun.Json("dataset", "info", file).GetProperty("tokens").ValueKind);
        CliRun.Of("dataset", "info", file, "--model", folder.Path).AssertFailed("tokenizer");
    }

    [Fact]
    public void Convert_writes_another_layout_and_says_what_it_dropped()
    {
        string file = TestFiles.Data("datasets/knowedit.json"), output = folder.File("o.csv");
        JsonElement done = CliRun.Json("dataset", "convert", file, "--to", "csv", "-o", output);
        Assert.Equal(1, done.GetProperty("dropped").GetProperty("portability questions").GetInt32());
        Assert.Equal("plain", CliRun.Json("dataset", "info", output).GetProperty("layout").GetString());
        string told = CliRun.Of("dataset", "convert", file, "--to", "csv", "-o", output).Out;
        Assert.Contains("No place for portability questions: 1 left out.", told, StringComparison.Ordinal);
        Assert.Equal(2, CliRun.Of("dataset", "convert", file, "--to", "yaml", "-o", output).ExitCode);
        CliRun.Of("dataset", "convert", file, "--to", "csv", "-o", folder.Path).AssertFailed("got a folder");
    }

    [Fact]
    public void Pararel_makes_a_set_of_patterns_and_triples()
    {
        Directory.CreateDirectory(folder.File("patterns"));
        Directory.CreateDirectory(folder.File("triples"));
        Write("patterns/P30.jsonl", "{\"pattern\":\"[X] is in [Y].\"}\n{\"pattern\":\"[X] belongs to [Y]\"}\n");
        Write("triples/P30.jsonl", "{\"sub_label\":\"France\",\"obj_label\":\"Europe\"}\n");
        string[] make = ["dataset", "pararel", "--patterns", folder.File("patterns"), "--triples", folder.File("triples"), .. model];
        JsonElement made = CliRun.Json([.. make, "-o", folder.File("set.json")]);
        Assert.Equal(1, made.GetProperty("edits").GetInt32());
        Assert.Contains(
            "\"subject\":\"France\",\"src\":\"France is in\"", File.ReadAllText(folder.File("set.json")), StringComparison.Ordinal);
        Write("patterns/P30.jsonl", "{\"pattern\":\"[X] is in [Y].\"}\n");
        CliRun.Of([.. make, "-o", folder.File("set.json")]).AssertFailed("No record came of these");
    }

    [Fact]
    public void Records_that_cannot_be_used_stop_everything_or_are_left_out()
    {
        string file = Write("facts.csv", "prompt,target\nThe capital of France is,Rome\nbad\n,x\n{} is in,y\n");
        string[] add = ["edits", "add", .. model, .. edits, "--input", file, "--no-retrofit"];
        CliRun stopped = CliRun.Of(add);
        Assert.Equal(1, stopped.ExitCode);
        string[] lines = stopped.Error.TrimEnd().Split('\n');
        Assert.Equal(4, lines.Length); // all three, and what comes of them
        Assert.Contains("record 1 (counted from 0), line 3: expected 2 fields", lines[0], StringComparison.Ordinal);
        Assert.Contains("record 3 (counted from 0), line 5", lines[2], StringComparison.Ordinal);
        Assert.Contains("record 1 (counted from 0), line 3: expected 2 fields", lines[^1], StringComparison.Ordinal);
        Assert.Contains("3 of 4 records cannot be used.", lines[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("e.db")));

        string many = Write("many.csv", "prompt,target\n" + string.Concat(Enumerable.Repeat("bad\n", 25)));
        Assert.Contains("note: ... and 5 more.", CliRun.Of([.. add[..^3], "--input", many]).Error, StringComparison.Ordinal);

        CliRun skipped = CliRun.Of([.. add, "--on-bad", "skip", "--json"]);
        Assert.Equal(0, skipped.ExitCode);
        Assert.Equal(1, skipped.Document().GetProperty("added").GetArrayLength());
        Assert.Contains("note: 3 of 4 records left out.", skipped.Error, StringComparison.Ordinal);
        Assert.Contains("line 5: expected a subject to fill the {}", skipped.Error, StringComparison.Ordinal);
        Assert.Contains("read in the layout plain", skipped.Error, StringComparison.Ordinal);
        Assert.Equal(2, CliRun.Of([.. add, "--on-bad", "guess"]).ExitCode);
        string tooLong = Write("long.csv", $"prompt,target\n{string.Concat(Enumerable.Repeat("Paris ", 200))},x\nRome is in,Chad\n");
        skipped = CliRun.Of([.. add[..^3], "--input", tooLong, "--no-retrofit", "--on-bad", "skip"]);
        Assert.Equal(0, skipped.ExitCode);
        Assert.Contains("note: left out: long.csv#0: The prompt ", skipped.Error, StringComparison.Ordinal);
        Assert.Contains("1 of 2 facts left out", skipped.Error, StringComparison.Ordinal);
        CliRun none = CliRun.Of([.. add[..^3], "--input", Write("none.csv", "prompt,target\n,x\n"), "--on-bad", "skip"]);
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("no record can be used", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_shows_what_would_be_taught_and_writes_nothing()
    {
        string file = Write(
            "facts.csv", "prompt,target,subject,owner\n{} died in, Bern ,Lucian Freud,Ann\nThe capital of France is,Rome,,\n");
        string[] add = ["edits", "add", .. model, .. edits, "--input", file];
        JsonElement dry = CliRun.Json([.. add, "--dry-run"]);
        Assert.False(File.Exists(folder.File("e.db")));
        Assert.Equal((2, false), (dry.GetProperty("toTeach").GetInt32(), dry.GetProperty("exists").GetBoolean()));
        JsonElement first = dry.GetProperty("requests")[0];
        Assert.Equal("Lucian Freud died in", first.GetProperty("prompt").GetString());
        Assert.Equal(" Bern", first.GetProperty("continuation").GetString());
        Assert.Equal(" Bern ", first.GetProperty("asked").GetProperty("target").GetString());
        Assert.Equal("Ann", first.GetProperty("provenance").GetProperty("owner").GetString());
        Assert.Equal(" Paris", dry.GetProperty("requests")[1].GetProperty("says").GetString());
        Assert.Equal(0, CliRun.Of(add).ExitCode);
        byte[] before = File.ReadAllBytes(folder.File("e.db"));
        string table = CliRun.Of(
            ["edits", "add", .. model, .. edits, "--prompt", "The capital of France is", "--target", "Oslo", "--dry-run"]).Out;
        Assert.Contains("edit 2 says \"Rome\"", table, StringComparison.Ordinal);
        Assert.Contains("is as it was", table, StringComparison.Ordinal);
        Assert.Matches("Method ireva: 1 edit in 1 batch would take about [0-9.]+ m?s and 124 MB beside the model, and 4.05 kB in", table);
        Assert.Equal(before, File.ReadAllBytes(folder.File("e.db")));
        Assert.Contains("Ann", CliRun.Of(["edits", "show", "1", .. edits]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_says_what_a_method_takes_and_what_it_needs_before()
    {
        string[] fact = ["--prompt", "Lucian Freud died in", "--target", "Bern", "--subject", "Lucian Freud"];
        string[] add = ["edits", "add", .. model, .. edits, .. fact, "--dry-run", "--method"];
        JsonElement estimate = CliRun.Json([.. add, "memit", "--layers", "2"]).GetProperty("estimate");
        Assert.Equal((1, 1, true), (
            estimate.GetProperty("edits").GetInt32(), estimate.GetProperty("batches").GetInt32(),
            estimate.GetProperty("isAtMost").GetBoolean()));
        Assert.Equal(estimate.GetProperty("seconds").GetDouble() / 3600, estimate.GetProperty("hours").GetDouble(), 1e-12);
        Assert.Equal([1, 2], estimate.GetProperty("statistics").EnumerateArray().Select(one => one.GetProperty("layer").GetInt32()));
        CliRun run = CliRun.Of([.. add, "rome"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            "Statistics of block 1 are needed first: no folder of them is named by --statistics; '", run.Out,
            StringComparison.Ordinal);
        Assert.Matches("Reckoned, not tried: [0-9.]+ GFLOP at [0-9.]+ [MG]FLOP a second, as measured now on [0-9]+ tokens at", run.Out);
        Assert.DoesNotContain("Statistics", CliRun.Of([.. add, "rome", "--no-covariance"]).Out, StringComparison.Ordinal);
        CliRun.Of([.. add, "rome", "--layer", "17"]).AssertFailed("17");
        Assert.False(File.Exists(folder.File("e.db")));
    }

    [Fact]
    public void Groups_of_probes_are_reported_apart()
    {
        string file = TestFiles.Data("datasets/knowedit.json");
        JsonElement report = CliRun.Json(["evaluate", "edits", .. model, "--input", file]);
        Assert.Equal(
            ["locality Relation_Specificity 1", "portability Subject_Aliasing 1"],
            report.GetProperty("groups").EnumerateArray(
                ).Select(group => $"{group.GetProperty("kind")} {group.GetProperty("name")} {group.GetProperty("n")}"));
        Assert.Equal("easyedit", report.GetProperty("layout").GetString());
        string nothing = Write("n.json", "[{\"src\":\"The capital of France is\"}]");
        report = CliRun.Json(["evaluate", "edits", .. model, "--input", file, "--neighbours", nothing]);
        Assert.Equal(100, report.GetProperty("edited").GetProperty("neighbourRetention").GetDouble());
        report = CliRun.Json(["evaluate", "edits", .. model, "--input", TestFiles.Data("datasets/mend_zsre.json")]);
        Assert.Equal(JsonValueKind.Null, report.GetProperty("base").GetProperty("score").ValueKind);
    }

    [Fact]
    public void Standard_input_is_a_file_like_any_other()
    {
        if (OperatingSystem.IsWindows()) return;
        string file = TestFiles.Data("datasets/qaedit.json");
        using CliProcess process = CliProcess.Start(["dataset", "info", "-", "--json"], limits: $"exec < '{file}'");
        JsonElement info = process.Finish().Document();
        Assert.Equal(("standard input", 40), (info.GetProperty("file").GetString(), info.GetProperty("edits").GetInt32()));
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(folder.File(name), text);
        return folder.File(name);
    }
}

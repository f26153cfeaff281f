using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits export</c>, <c>import</c> and <c>merge</c>.</summary>
public sealed class EditsExchangeTests : IDisposable
{
    private static readonly string[] Strong =
        ["--method", "ireva", "--alpha", "1", "--theta", "0.85", "--irr-weight", "0", "--rec-weight", "0.1"];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model = ["--model", TestFiles.Model];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_store_made_of_exported_lines_answers_bit_for_bit_the_same()
    {
        (string store, string copy, string lines) = (Taught("e.db", 12), folder.File("copy.db"), folder.File("e.jsonl"));
        CliRun.Of("edits", "withdraw", "3", "--edits", store);
        JsonElement written = CliRun.Json("edits", "export", "--edits", store, "--jsonl", lines);
        Assert.Equal(12, written.GetProperty("files")[0].GetProperty("edits").GetInt32());
        JsonElement report = CliRun.Json("edits", "import", lines, "--edits", copy, "--reason", "moved");
        Assert.Equal((12, 1, copy), (
            report.GetProperty("added").GetInt32(), report.GetProperty("change").GetInt32(), report.GetProperty("store").GetString()));
        string[] diff = ["edits", "diff", .. model, "--edits", store, "--against", copy, "--input", folder.File("e.json")];
        Assert.Equal(0, CliRun.Json(diff).GetProperty("drift").GetProperty("maxKl").GetDouble());
        foreach (string prompt in (string[])[store, copy])
            Assert.Equal("withdrawn", CliRun.Json("edits", "show", "3", "--edits", prompt).GetProperty("status").GetString());
        JsonElement change = CliRun.Json("edits", "log", "--edits", copy).GetProperty("changes")[0];
        Assert.StartsWith("moved; taken over: 12 edits", change.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("Nothing new", CliRun.Of("edits", "import", lines, "--edits", copy).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_is_written_for_people_and_taught()
    {
        (string store, string table, string again) = (Taught("e.db", 4), folder.File("e.csv"), folder.File("again.db"));
        CliRun.Of("edits", "withdraw", "2", "--edits", store);
        Assert.Equal(0, CliRun.Of("edits", "export", "--edits", store, "--csv", table).ExitCode);
        CliRun run = CliRun.Of(["edits", "import", table, "--edits", again, .. model, .. Strong, "--json"]);
        Assert.Equal(3, run.Document().GetProperty("added").GetArrayLength());
        Assert.Contains("note: 1 row whose status is not active, left out.", run.Error, StringComparison.Ordinal);
        using EditStore a = EditStore.Open(store, readOnly: true), b = EditStore.Open(again, readOnly: true);
        IReadOnlyList<Edit> taught = b.List(withParts: true, includeRemoved: false);
        Assert.Equal([a.Get(1).Request, a.Get(3).Request, a.Get(4).Request], taught.Select(edit => edit.Request));
        Assert.All(taught, edit => Assert.Equal("a test", b.Events(edit.Id)[0].Reason)); // the table's
        Assert.Equal(a.Get(1).Parts[0].Values, taught[0].Parts[0].Values);
    }

    [Fact]
    public void Chunks_that_are_merged_in_order_are_the_whole()
    {
        string whole = Taught("whole.db", 25), records = folder.File("whole.json"), merged = folder.File("merged.db");
        string[] chunks = [.. Enumerable.Range(1, 4).Select(i => folder.File($"chunk {i}.db"))];
        for (int i = 1; i <= 4; i++)
        {
            string[] chunk = ["--edits", chunks[i - 1], "--input", records, "--chunk", $"{i}/4"];
            Assert.Equal(0, CliRun.Of(["edits", "add", .. model, .. chunk, .. Strong, "--no-check"]).ExitCode);
        }

        JsonElement report = CliRun.Json(["edits", "merge", "--edits", merged, .. chunks]);
        using EditStore a = EditStore.Open(whole, readOnly: true), b = EditStore.Open(merged, readOnly: true);
        IReadOnlyList<Edit> all = a.List(withParts: true, includeRemoved: true);
        Assert.Equal((all.Count, 0), (report.GetProperty("added").GetInt32(), report.GetProperty("same").GetInt32()));
        Assert.Equal(Contents(all), Contents(b.List(withParts: true, includeRemoved: true)));

        static string Contents(IEnumerable<Edit> edits) => JsonSerializer.Serialize(edits.Select(edit =>
            new { Edit = edit with { CreatedAt = default, Batch = 0 }, Settings = edit.Settings.ToJson() }));
    }

    [Fact]
    public void What_a_merge_decides_is_told()
    {
        string a = StoreFiles.Make(folder.File("a.db"), [new EditRequest("P", "Rome"), new EditRequest("Q", "Rome")]);
        string b = folder.File("b.db"), merged = folder.File("m.db");
        using (EditStore store = StoreFiles.Open(b)) store.Add(StoreFiles.Edit(new EditRequest("P", "Oslo\u202E"), 1, 9));
        CliRun.Of("edits", "merge", "--edits", merged, a, b, "--on-conflict", "refuse").AssertFailed("Nothing was merged", "says \"Rome\"");
        CliRun run = CliRun.Of("edits", "merge", "--edits", merged, a, b);
        Assert.Contains(
            "note: 1 edit is superseded by a later one of the same prompt; the first is edit 1, \"P\" -> \"Rome\", "
                + "beside edit 3, \"P\" -> \"Oslo\\u202E\".",
            run.Error, StringComparison.Ordinal);
        Assert.Contains($"{merged} has 3 edits more, by change 1.", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_merge_silences_and_what_it_does_not_is_told()
    {
        EditRequest[] facts = [.. Enumerable.Range(1, 12).Select(i => new EditRequest($"P{i}", "Rome"))];
        string a = StoreFiles.Make(folder.File("a.db"), facts), b = folder.File("b.db"), merged = folder.File("m.db");
        File.Copy(a, b);
        CliRun.Of("edits", "withdraw", "1-12", "--edits", b);
        CliRun run = CliRun.Of("edits", "merge", "--edits", a, b);
        Assert.Equal($"Nothing new for {a}. 12 already there.\n", run.Out);
        Assert.Equal(
            "note: 12 edits are left to answer, though withdrawn or superseded in another store; "
                + "the first is edit 1, \"P1\" -> \"Rome\".\n",
            run.Error);
        JsonElement report = CliRun.Json("edits", "merge", "--edits", merged, a, b);
        Assert.Equal((12, 0), (report.GetProperty("silenced").GetArrayLength(), report.GetProperty("answering").GetArrayLength()));
        run = CliRun.Of("edits", "withdraw", "1", "--edits", merged);
        Assert.Matches("it is withdrawn \\(since [0-9-]+ [0-9:]{8}Z\\)", run.Error);
    }

    [Fact]
    public void What_a_table_says_twice_or_in_vain_is_told()
    {
        (string table, string store) = (folder.File("t.csv"), folder.File("e.db"));
        File.WriteAllText(table, "Prompt,target,theta\nLucian Freud died in,Bern,0.1\n\"Lucian Freud died in  \",Bern,0.1\n");
        CliRun run = CliRun.Of(["edits", "import", table, "--edits", store, .. model, .. Strong]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("note: 1 column kept with the edits and not otherwise used: \"theta\".", run.Error, StringComparison.Ordinal);
        Assert.Contains("note: 1 row left out, as an earlier row says the same; the first is", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("already there", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_adaptor_of_some_edits_at_some_time_is_written()
    {
        (string store, string file) = (Taught("e.db", 5), folder.File("a.safetensors"));
        string[] export = ["edits", "export", "--edits", store, .. model, "--adaptor", file];
        JsonElement written = CliRun.Json([.. export, "--reference", "--source", "*"]).GetProperty("files")[0];
        Assert.Equal(5, written.GetProperty("edits").GetInt32());
        CliRun.Of("edits", "remove", "2", "--edits", store);
        Assert.Equal(4, CliRun.Json(export).GetProperty("files")[0].GetProperty("edits").GetInt32());
        CliRun.Of([.. export, "--at", "5"]).AssertFailed("edit 2 was removed since");
        CliRun.Of([.. export, "--where", "method=ft"]).AssertFailed("has no such edit");
    }

    [Fact]
    public void A_batch_of_weights_is_taken_elsewhere_whole_or_not_at_all()
    {
        (string a, string b, string c) = (folder.File("a.db"), folder.File("b.db"), folder.File("c.db"));
        string two = CliFiles.Facts(folder, "two.json", ("The capital of France is", "Rome"), ("Lucian Freud died in", "Bern"));
        string one = CliFiles.Facts(folder, "one.json", ("Lucian Freud died in", "Bern"));
        string[] ft = ["--method", "ft", "--batch-size", "0", "--epochs", "1", "--no-check"];
        foreach ((string store, string records) in (ReadOnlySpan<(string, string)>)[(a, two), (b, one)])
            Assert.Equal(0, CliRun.Of(["edits", "add", .. model, "--edits", store, "--input", records, .. ft]).ExitCode);
        CliRun.Of("edits", "merge", "--edits", c, a, b).AssertFailed("Nothing was merged: edit 1", "weights for a whole batch");
        Assert.False(File.Exists(c));
        Assert.Equal(2, CliRun.Json("edits", "merge", "--edits", c, a).GetProperty("added").GetInt32());
        string[] diff = ["edits", "diff", .. model, "--edits", a, "--against", c, "--input", two];
        Assert.Equal(0, CliRun.Json(diff).GetProperty("drift").GetProperty("maxKl").GetDouble());
        string lines = folder.File("l.jsonl");
        CliRun.Of("edits", "export", "--edits", a, "--jsonl", lines, "--where", "target=Rome")
            .AssertFailed("Edit 2 is not among those to be written", "method ft");
        Assert.False(File.Exists(lines));
    }

    [Theory]
    [InlineData("export --edits E", "Nothing to write: give --jsonl, --csv, --adaptor or --merged.")]
    [InlineData("export --edits E --adaptor F", "--adaptor needs --model.")]
    [InlineData("export --edits E --csv F --reference", "--reference needs --adaptor.")]
    [InlineData("import F.csv --edits E", "that needs --model")]
    [InlineData("import F.jsonl --edits E --model M", "--model is for tables: the edits of F.jsonl are made already.")]
    [InlineData("import F.jsonl --edits E --theta 0.8", "--theta is for tables")]
    [InlineData("import --edits E", "FILE")]
    [InlineData("import - --edits E", "FILE is -, but standard input is not imported")]
    [InlineData("merge --edits E", "STORE")]
    [InlineData("merge A --edits E --model X", "'sharpformer edits merge' has no option '--model'.")]
    [InlineData("merge --mode --edits E", "has no option '--mode'.")]
    [InlineData("merge A --edits E --on-conflict maybe", "--on-conflict is 'maybe', expected one of refuse, supersede, keep.")]
    public void Wrong_usage_is_told(string command, string said)
    {
        CliRun run = CliRun.Of(["edits", .. command.Split(' ')]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    private string Taught(string name, int facts)
    {
        string store = folder.File(name), json = Path.ChangeExtension(name, "json");
        string records = CliFiles.Records(folder, json, facts, "pararel", "counterfact");
        CliRun run = CliRun.Of(
            ["edits", "add", .. model, "--edits", store, "--input", records, .. Strong, "--no-check", "--reason", "a test"]);
        Assert.True(run.ExitCode == 0, run.Error);
        return store;
    }
}

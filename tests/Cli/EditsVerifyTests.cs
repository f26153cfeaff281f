using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits verify</c> and <c>edits salvage</c>.</summary>
public sealed class EditsVerifyTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string store, saved;

    public EditsVerifyTests()
    {
        (store, saved) = (folder.File("e.db"), folder.File("saved.db"));
        string records = CliFiles.Facts(folder, "r.json", ("The capital of France is", "Rome"), ("Lucian Freud died in", "Bern"));
        string[] settings = ["--alpha", "1", "--theta", "0.85", "--no-retrofit"];
        CliRun added = CliRun.Of(["edits", "add", "--model", TestFiles.Model, "--edits", store, "--input", records, .. settings]);
        Assert.Equal(0, added.ExitCode);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_sound_store_is_said_to_be_so()
    {
        CliRun run = CliRun.Of(["edits", "verify", "--edits", store]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("is sound: 2 edits and 2 events are as they were written.", run.Out, StringComparison.Ordinal);
        JsonElement result = CliRun.Json(["edits", "verify", "--edits", store]);
        Assert.True(result.GetProperty("ok").GetBoolean());
        Assert.Equal(2, result.GetProperty("sound").GetArrayLength());
        CliRun.Of(["edits", "verify", "--edits", folder.File("none.db")]).AssertFailed("does not exist");
    }

    [Fact]
    public void Of_a_damaged_store_what_is_sound_is_told_and_saved()
    {
        byte[] bytes = File.ReadAllBytes(store);
        int at = bytes.AsSpan().IndexOf("Lucian Freud"u8);
        bytes[at] ^= 1;
        File.WriteAllBytes(store, bytes);
        CliRun run = CliRun.Of(["edits", "verify", "--edits", store]);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("its checksum differs", run.Out, StringComparison.Ordinal);
        Assert.Contains(
            "1 edit and 2 events are as they were written; 'sharpformer edits salvage' saves these edits.", run.Out,
            StringComparison.Ordinal);

        run = CliRun.Of(["edits", "salvage", "--edits", store, "--output", saved]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("1 edit and 1 event were saved", run.Out, StringComparison.Ordinal);
        Assert.Contains("Left out, because it is damaged: edit 2, with 1 event of it.", run.Out, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(store));
        Assert.Equal(0, CliRun.Of(["edits", "verify", "--edits", saved]).ExitCode);
        JsonElement edits = CliRun.Json(["edits", "list", "--edits", saved]);
        Assert.Equal(1, edits[0].GetProperty("id").GetInt64());
        CliRun.Of(["edits", "salvage", "--edits", store, "--output", saved]).AssertFailed("exists already");
        JsonElement again = CliRun.Json(["edits", "salvage", "--edits", store, "--output", folder.File("more.db")]);
        Assert.Equal(2, again.GetProperty("leftOut")[0].GetInt64());
    }

    [Fact]
    public void Where_nothing_can_be_saved_nothing_is_promised()
    {
        string text = folder.File("t.db"), empty = folder.File("empty.db");
        File.WriteAllText(text, "Dear diary, this is more text than a header has.");
        File.WriteAllText(empty, "");
        foreach (string[] command in (string[][])[["verify", "--edits"], ["salvage", "--output", saved, "--edits"]])
            CliRun.Of(["edits", .. command, empty]).AssertFailed("is an empty file: there is no edit in it.", "from a backup");
        File.WriteAllBytes(store, File.ReadAllBytes(store)[..50]);
        CliRun.Of("edits", "verify", "--edits", text).AssertFailed("is no edit store");
        CliRun run = CliRun.Of("edits", "verify", "--edits", store);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("cut off", run.Out, StringComparison.Ordinal);
        Assert.Contains("is damaged, and nothing of it can be saved", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("salvage", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_pages_are_told_in_words_of_our_own()
    {
        byte[] bytes = File.ReadAllBytes(store);
        int pageSize = bytes[16] << 8 | bytes[17], last = bytes.Length / pageSize;
        for (int page = 3; page <= last; page++) bytes[(page - 1) * pageSize] = 0xFF; // its kind
        File.WriteAllBytes(store, bytes);
        CliRun run = CliRun.Of("edits", "verify", "--edits", store);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("page 3 is damaged", run.Out, StringComparison.Ordinal);
        foreach (string word in (string[])["***", "btree", "Tree", "in database"])
            Assert.DoesNotContain(word, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_first_run_leaves_nothing_and_the_next_may_be_otherwise()
    {
        string fresh = folder.File("fresh.db");
        string[] add = ["edits", "add", "--model", TestFiles.Model, "--edits", fresh, "--prompt", "a b", "--target", "c"];
        CliRun.Of([.. add, "--alpha", "1e38", "--layer", "2"]).AssertFailed("expected a finite number");
        Assert.False(File.Exists(fresh));
        Assert.Equal(0, CliRun.Of([.. add, "--alpha", "1", "--layer", "4"]).ExitCode);
    }

    [Fact]
    public void A_store_is_not_used_under_another_configuration()
    {
        string other = folder.File("other");
        TestFiles.CopyModel(other);
        string config = Path.Combine(other, "config.json");
        string[] prompt = ["--prompt", "The capital of France is", "--max-new-tokens", "1"];
        string[] generate = ["generate", "--model", other, "--edits", store, .. prompt];
        Assert.Equal(0, CliRun.Of(generate).ExitCode);
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"n_head\": 8", "\"n_head\": 4", StringComparison.Ordinal));
        CliRun.Of(generate).AssertFailed("nHead was 8, this model's is 4");
    }
}

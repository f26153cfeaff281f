using System.Globalization;
using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits log</c>, <c>undo</c>, <c>update</c>, and reading a store as it was.</summary>
public sealed class EditsHistoryTests : IDisposable
{
    private const string Prompt = "The capital of France is";

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string store;
    private readonly string[] edits, model;

    public EditsHistoryTests()
    {
        store = folder.File("e.db");
        (edits, model) = (["--edits", store], ["--model", TestFiles.Model]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_log_tells_changes_newest_first_and_undo_is_one_of_them()
    {
        StoreFiles.Make(store, Enumerable.Range(1, 5).Select(i => new EditRequest($"P{i}", "Rome")));
        CliRun.Of(["edits", "withdraw", "1", "2", "5", .. edits, "--reason", "wrong\u202E"]);
        CliRun undo = CliRun.Of(["edits", "undo", .. edits, "--reason", "right"]);
        Assert.Equal("Change 7 undid change 6: restored 3 edits: 1-2, 5.\n", undo.Out);
        JsonElement log = CliRun.Json(["edits", "log", .. edits]);
        Assert.Equal(store, log.GetProperty("store").GetString());
        JsonElement[] changes = [.. log.GetProperty("changes").EnumerateArray()];
        Assert.Equal([7, 6, 5, 4, 3, 2, 1], changes.Select(c => c.GetProperty("number").GetInt32()));
        Assert.Equal(("right", 6), (changes[0].GetProperty("reason").GetString(), changes[0].GetProperty("undoes").GetInt32()));
        Assert.Equal((7, 3), (changes[1].GetProperty("undoneBy").GetInt32(), changes[1].GetProperty("events").GetArrayLength()));
        CliRun told = CliRun.Of(["edits", "log", .. edits, "--limit", "2"]);
        Assert.Contains("withdrawn 3 edits: 1-2, 5", told.Out, StringComparison.Ordinal);
        Assert.Contains("wrong\\u202E", told.Out, StringComparison.Ordinal);
        Assert.Contains("2 of 7 changes", told.Out, StringComparison.Ordinal);
        Assert.Equal([7, 6, 2], Numbers("--id", "2"));
        Assert.Equal([7, 6], Numbers("--since", "change:6"));
        Assert.Equal([7], Numbers("--since", "9"));
        Assert.Empty(Numbers("--since", "2999-01-01"));
        CliRun.Of(["edits", "log", .. edits, "--id", "9"]).AssertFailed("no edit 9");
        CliRun.Of(["edits", "undo", "6", .. edits]).AssertFailed("Change 6 is undone already, by change 7");
        Assert.Equal(8, CliRun.Json(["edits", "undo", "7", .. edits]).GetProperty("number").GetInt32());

        int[] Numbers(params string[] options) => [.. CliRun.Json(["edits", "log", .. edits, .. options]).GetProperty("changes")
            .EnumerateArray().Select(c => c.GetProperty("number").GetInt32())];
    }

    [Fact]
    public void A_store_is_read_as_it_was()
    {
        StoreFiles.Make(store, Enumerable.Range(1, 3).Select(i => new EditRequest($"P{i}", "Rome")));
        CliRun.Of(["edits", "withdraw", "2", .. edits]);
        DateTimeOffset last;
        using (EditStore read = EditStore.Open(store, readOnly: true)) last = read.Events()[^1].At;
        Assert.Equal(["active", "active", "active"], Statuses("3"));
        Assert.Equal(["active", "withdrawn", "active"], Statuses("change:4"));
        Assert.Equal(["active"], Statuses("change:1"));
        string shown = last.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Assert.Equal(["active", "withdrawn", "active"], Statuses(shown));
        Assert.Empty(Statuses("2001-01-01"));
        Assert.Equal("active", CliRun.Json(["edits", "show", "2", .. edits, "--at", "2"]).GetProperty("status").GetString());
        CliRun.Of(["edits", "list", .. edits, "--at", "5"]).AssertFailed("no event 5: its events are 1 to 4");
        CliRun.Of(["edits", "list", .. edits, "--at", "change:5"]).AssertFailed("no change 5: its changes are 1 to 4");

        string[] Statuses(string at) => [.. CliRun.Json(["edits", "list", .. edits, "--at", at])
            .EnumerateArray().Select(e => e.GetProperty("status").GetString()!)];
    }

    [Fact]
    public void An_update_takes_over_with_the_settings_of_the_edit_and_the_past_can_be_asked()
    {
        string[] strong = ["--alpha", "1.5", "--theta", "0.8", "--irr-weight", "0", "--rec-weight", "0.1"];
        string[] wording = ["--paraphrase", "France's capital is"], update = ["edits", "update", "1", .. model, .. edits, "--target"];
        CliRun.Json(["edits", "add", .. model, .. edits, "--prompt", Prompt, "--target", "Rome", .. wording, .. strong]);
        CliRun.Of([.. update, " Rome "]).AssertFailed("Edit 1 says \"Rome\" already");
        CliRun updated = CliRun.Of([.. update, "Oslo", "--alpha", "1", "--reason", "moved", "--json"]);
        JsonElement superseded = Assert.Single(updated.Document().GetProperty("superseded").EnumerateArray());
        Assert.Equal((1, 2), (superseded.GetProperty("edit").GetInt32(), superseded.GetProperty("by").GetInt32()));
        JsonElement edit = CliRun.Json(["edits", "show", "2", .. edits]);
        Assert.Equal("France's capital is", edit.GetProperty("paraphrases")[0].GetString());
        Assert.Equal("moved", edit.GetProperty("events")[0].GetProperty("reason").GetString());
        Assert.Equal(
            (0.8f, 1f),
            (edit.GetProperty("settings").GetProperty("theta").GetSingle(), edit.GetProperty("settings").GetProperty("alpha").GetSingle()));
        CliRun.Of([.. update, "Bern"]).AssertFailed("it is superseded", "update edit 2");
        CliRun.Of(["edits", "update", "3", .. model, .. edits, "--target", "Bern"]).AssertFailed("no edit 3");

        Assert.StartsWith(" Oslo", Said(), StringComparison.Ordinal);
        Assert.StartsWith(" Rome", Said("--at", "1"), StringComparison.Ordinal);
        Assert.DoesNotContain("Oslo", Said("--without", "2"), StringComparison.Ordinal);
        JsonElement why = CliRun.Json(["edits", "why", .. model, .. edits, "--prompt", Prompt, "--at", "change:1"]);
        Assert.Equal(1, why.GetProperty("winner").GetProperty("edit").GetInt32());
        JsonElement check = CliRun.Json(["edits", "check", .. model, .. edits, "--at", "1"]);
        Assert.Equal(1, check.GetProperty("answers")[0].GetProperty("edit").GetInt32());
        string records = CliFiles.Facts(folder, "r.json", (Prompt, "Rome"));
        string[] measured = [.. model, .. edits, "--input", records];
        Assert.Equal(100, CliRun.Json(["evaluate", "edits", .. measured, "--at", "1"]).GetProperty("edited").GetProperty("es").GetDouble());
        Assert.Equal(1, CliRun.Json(["evaluate", "withdrawal", .. measured, "--at", "1"]).GetProperty("n").GetInt32());
        CliRun.Of(["evaluate", "withdrawal", .. measured]).AssertFailed("No record names an active edit");
        Assert.Empty(CliRun.Json(["edits", "conflicts", .. edits, "--at", "1"]).EnumerateArray());
        JsonElement diff = CliRun.Json(["edits", "diff", .. model, .. edits, "--prompt", Prompt, "--at", "1"]);
        Assert.Equal(1, diff.GetProperty("differences")[0].GetProperty("editAfter").GetInt32());

        string Said(params string[] with) =>
            CliRun.Of(["generate", .. model, .. edits, "--prompt", Prompt, "--max-new-tokens", "2", .. with]).Out;
    }

    [Fact]
    public void Weights_that_a_batch_made_together_are_not_updated_one_by_one()
    {
        string[] ft = ["--method", "ft", "--epochs", "1"];
        string[] fact = ["--prompt", Prompt, "--target", "Rome"];
        Assert.Equal(0, CliRun.Of(["edits", "add", .. model, .. edits, .. fact, "--no-check", .. ft]).ExitCode);
        CliRun.Of(["edits", "update", "1", .. model, .. edits, "--target", "Oslo"]).AssertFailed("Edit 1 cannot be updated", "ft");
    }

    [Theory]
    [InlineData("edits list --edits E --at 0", "--at is '0', expected an event's number from 1, change:N, or a time")]
    [InlineData("edits list --edits E --at change:x", "--at is 'change:x'")]
    [InlineData("edits list --edits E --at yesterday", "--at is 'yesterday'")]
    [InlineData("edits log --edits E --since 2026-13-01", "--since is '2026-13-01'")]
    [InlineData("edits undo 0 --edits E", "CHANGE is '0'")]
    [InlineData("edits undo first --edits E", "CHANGE is 'first'")]
    [InlineData("edits update 1-2 --edits E --model M --target T", "expected one edit")]
    [InlineData("edits update 1 --edits E --model M", "--target")]
    [InlineData("generate --model M --prompt P --at 3", "--at needs --edits")]
    [InlineData("generate --model M --prompt P --without 3", "--without needs --edits")]
    public void Wrong_usage_is_told(string line, string said)
    {
        CliRun run = CliRun.Of(line.Split(' '));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }
}

using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits withdraw</c>, <c>restore</c>, <c>remove</c>, <c>list</c> and <c>show</c> of several edits at once.</summary>
public sealed class EditsStatusTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string store;
    private readonly string[] edits;

    public EditsStatusTests()
    {
        store = StoreFiles.Make(folder.File("e.db"), Enumerable.Range(1, 9).Select(i => new EditRequest(
            $"Prompt {i}", i % 2 == 0 ? "Rome" : "Oslo", i == 1 ? "Ada" : null, i <= 4 ? $"a.json#{i}" : $"b[1].json#{i}")
        {
            Paraphrases = i == 3 ? ["In Other Words"] : [],
        }));
        edits = ["--edits", store];
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Several_edits_change_together_or_not_at_all()
    {
        CliRun run = CliRun.Of(["edits", "withdraw", "1", "3-5,9", .. edits, "--reason", "wrong list", "--json"]);
        Assert.Equal([1, 3, 4, 5, 9], run.Document().EnumerateArray().Select(e => e.GetProperty("id").GetInt32()));
        CliRun.Of(["edits", "withdraw", "6-9", .. edits]).AssertFailed("Edit 9 cannot be withdrawn");
        CliRun.Of(["edits", "withdraw", "8,10", .. edits]).AssertFailed("has no edit 10");
        using EditStore read = EditStore.Open(store, readOnly: true);
        Assert.Equal(new EditCounts(4, 5, 0, 9), read.Count());
        EditChange change = read.Changes()[^1];
        Assert.Equal((10, "wrong list", 5), (change.Number, change.Reason, change.Events.Count));
    }

    [Fact]
    public void One_edit_is_one_document_and_a_blank_reason_is_none()
    {
        CliRun run = CliRun.Of(["edits", "withdraw", "2", .. edits, "--reason", "  ", "--json"]);
        Assert.Equal("withdrawn", run.Document().GetProperty("status").GetString());
        Assert.Equal(1, CliRun.Json(["edits", "withdraw", "3-3", .. edits]).GetArrayLength());
        using EditStore read = EditStore.Open(store, readOnly: true);
        Assert.Null(read.Events(2)[^1].Reason);
    }

    [Fact]
    public void Edits_are_chosen_by_what_they_have_in_common()
    {
        Assert.Equal([5, 7, 9], Ids(CliRun.Json(["edits", "withdraw", .. edits, "--source", "b[1]*", "--where", "target=Oslo"])));
        Assert.Equal([6, 8], Ids(CliRun.Json(["edits", "withdraw", .. edits, "--source", "b*"]))); // the others are silent already
        Assert.Equal([5], Ids(CliRun.Json(["edits", "restore", .. edits, "--grep", "PROMPT 5"])));
        Assert.Equal([6, 7, 8, 9], Ids(CliRun.Json(["edits", "remove", .. edits, "--where", "status=withdrawn"])));
        CliRun.Of(["edits", "restore", .. edits, "--where", "method=ireva"]).AssertFailed("has no such edit");
        CliRun.Of(["edits", "withdraw", .. edits, "--where", "method=rome"]).AssertFailed("has no such edit");
    }

    [Fact]
    public void What_restoring_supersedes_is_told()
    {
        string same = StoreFiles.Make(
            folder.File("s.db"), [new EditRequest("P", "Rome"), new EditRequest("P", "Oslo\u202E")], promptToken: _ => 1);
        CliRun.Of("edits", "withdraw", "1", "--edits", same);
        CliRun run = CliRun.Of("edits", "restore", "1", "--edits", same);
        Assert.Equal("Edit 1 is active: \"P\" -> \"Rome\".\n", run.Out);
        Assert.Contains(
            "note: Edit 2, \"P\" -> \"Oslo\\u202E\", is superseded by edit 1 and silent from now on.", run.Error, StringComparison.Ordinal);
        string list = CliRun.Of("edits", "list", "--edits", same).Out;
        Assert.Contains("superseded by 1", list, StringComparison.Ordinal);
        Assert.Contains("1 active edit, 0 withdrawn, 1 superseded, 0 removed; 1 neuron.", list, StringComparison.Ordinal);
        Assert.Equal(1, CliRun.Json("edits", "list", "--edits", same)[1].GetProperty("supersededBy").GetInt32());
        JsonElement line = CliRun.Json("edits", "show", "2", "--edits", same).GetProperty("events")[1];
        Assert.Equal((1, 4), (line.GetProperty("supersededBy").GetInt32(), line.GetProperty("change").GetInt32()));
        Assert.Contains("superseded by edit 1", CliRun.Of("edits", "show", "2", "--edits", same).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_is_filtered_and_paged()
    {
        CliRun.Of(["edits", "remove", "2", .. edits]);
        Assert.Equal([1, 3, 4], Ids(CliRun.Json(["edits", "list", .. edits, "--source", "a.json#?"])));
        Assert.Equal([2], Ids(CliRun.Json(["edits", "list", .. edits, "--where", "status=removed"])));
        Assert.Equal([1], Ids(CliRun.Json(["edits", "list", .. edits, "--where", "subject=Ada"])));
        Assert.Equal([3], Ids(CliRun.Json(["edits", "list", .. edits, "--grep", "other words"])));
        Assert.Equal([4, 5], Ids(CliRun.Json(["edits", "list", .. edits, "--offset", "2", "--limit", "2"])));
        string list = CliRun.Of(["edits", "list", .. edits, "--limit", "2"]).Out;
        Assert.Contains("Shown are 1 to 2 of 8; --offset 2 goes on.", list, StringComparison.Ordinal);
        list = CliRun.Of(["edits", "list", .. edits, "--source", "a.json#?", "--offset", "1"]).Out;
        Assert.Contains("3 edits of 9 are asked for.\nShown are 2 to 3 of 3.\nIn all: ", list, StringComparison.Ordinal);
        list = CliRun.Of(["edits", "list", .. edits, "--grep", "no such"]).Out;
        Assert.Contains("No edit is asked for by that, of 9.", list, StringComparison.Ordinal);
        list = CliRun.Of(["edits", "list", .. edits, "--offset", "99"]).Out;
        Assert.Contains("--offset 99 passes over all 8", list, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_edits_are_shown_one_after_the_other()
    {
        JsonElement[] shown = [.. CliRun.Json(["edits", "show", "3", "1-2", .. edits]).EnumerateArray()];
        Assert.Equal([3, 1, 2], shown.Select(e => e.GetProperty("id").GetInt32()));
        Assert.Equal("In Other Words", shown[0].GetProperty("paraphrases")[0].GetString());
        string text = CliRun.Of(["edits", "show", "3", "1-2", .. edits]).Out;
        foreach (int i in (int[])[1, 2, 3]) Assert.Contains($"Prompt {i}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_texts_are_listed_in_a_moment()
    {
        string word = string.Concat(Enumerable.Repeat("long ", 80_000));
        string wide = StoreFiles.Make(folder.File("long.db"), Enumerable.Range(0, 3).Select(i => new EditRequest($"{word}{i}", "Rome")));
        long start = Environment.TickCount64;
        string list = CliRun.Of("edits", "list", "--edits", wide).Out;
        Assert.InRange(Environment.TickCount64 - start, 0, 8_000); // a square of the length would be an hour
        Assert.Contains($"{word}2", list, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("withdraw", "'sharpformer edits withdraw' needs edits' IDs")]
    [InlineData("withdraw 1 --source x", "IDs exclude")]
    [InlineData("withdraw 5-3", "ID is '5-3', expected a whole number from 1, or a range as 3-7.")]
    [InlineData("withdraw 1-2-3", "ID is '1-2-3'")]
    [InlineData("withdraw 1-99999999", "at most 1000000 edits at once")]
    [InlineData("remove --where status", "--where is 'status', expected a field and its value")]
    [InlineData("remove --where colour=red", "no field \"colour\"")]
    [InlineData("restore --where status=gone", "No status is \"gone\"")]
    [InlineData("list --limit 0", "--limit is '0'")]
    [InlineData("list --offset -1", "--offset is '-1'")]
    public void Wrong_usage_is_told(string command, string said)
    {
        CliRun run = CliRun.Of(["edits", .. command.Split(' '), .. edits]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    private static IEnumerable<int> Ids(JsonElement array) => array.EnumerateArray().Select(e => e.GetProperty("id").GetInt32());
}

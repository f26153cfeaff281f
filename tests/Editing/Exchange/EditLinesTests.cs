using System.Text.RegularExpressions;
using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Store;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing.Exchange;

/// <summary>Edits as JSON Lines, there and back.</summary>
public sealed class EditLinesTests : IDisposable
{
    private readonly StoreFolder folder = new();

    private string Lines => Path.Combine(folder.Root, "edits.jsonl");

    private string Copy => Path.Combine(folder.Root, "copy.db");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_store_made_of_the_lines_is_the_same_in_every_bit_that_matters()
    {
        using EditStore store = folder.OpenWith(6);
        store.Withdraw(2, "wrong");
        store.AddOnce([StoreFolder.Edit(7)], "new", [[3]]);
        Assert.Equal(7, Write(store));
        MergeReport report = EditLines.Import(Lines, Copy);
        Assert.Equal((7, 0, 0), (report.Added, report.Same, report.LeftBehind));
        using EditStore copy = EditStore.Open(Copy, readOnly: true);
        Assert.Equal(store.Identity, copy.Identity);
        foreach ((Edit a, Edit b) in store.List(true, true).Zip(copy.List(true, true)))
            StoreFolder.Same(a with { Batch = 1, CreatedAt = b.CreatedAt, WithdrawnAt = b.WithdrawnAt }, b);
        Assert.EndsWith("by ada (new; wrong)", copy.Changes()[0].Reason, StringComparison.Ordinal);
        string again = File.ReadAllText(Lines);
        Write(store);
        Assert.Equal(again, File.ReadAllText(Lines));
    }

    [Fact]
    public void The_history_and_the_past_are_written_too()
    {
        using EditStore store = folder.OpenWith(3);
        store.Withdraw(1, "why");
        Assert.Equal(2, Write(store, at: StoreMoment.Event(2)));
        Assert.Equal((2, 0), (EditLines.Import(Lines, Copy).Added, EditLines.Import(Lines, Copy).LeftBehind));
        Assert.DoesNotContain("\"reason\":\"why\"", File.ReadAllText(Lines), StringComparison.Ordinal);
        store.Remove(2);
        string refused = StoreFolder.Refused(() => Write(store, at: StoreMoment.Event(2)));
        Assert.Contains("edit 2 was removed since", refused, StringComparison.Ordinal);
        Write(store);
        string text = File.ReadAllText(Lines);
        Assert.Contains("\"action\":\"withdrawn\",\"reason\":\"why\"", text, StringComparison.Ordinal);
        Assert.Equal(4, text.TrimEnd().Split('\n').Length);
        Assert.Equal(1, EditLines.Import(Lines, Path.Combine(folder.Root, "third.db")).LeftBehind);
    }

    [Fact]
    public void What_was_silent_then_and_is_removed_by_now_cannot_be_written_as_it_was()
    {
        using EditStore store = folder.OpenWith(1);
        store.AddOnce([StoreFolder.Edit(2)], null, [[1]]);
        StoreMoment then = StoreMoment.Event(store.Events()[^1].Seq);
        Assert.Equal(EditStatus.Superseded, store.Get(1).Status);
        store.Remove(1);
        string refused = StoreFolder.Refused(() => Write(store, at: then));
        Assert.Contains("edit 1 was removed since, and with it what it takes to apply", refused, StringComparison.Ordinal);
        Assert.Equal(1, Write(store, new EditFilter([("status", "active")]), then));
        Assert.Equal(1, EditLines.Import(Lines, Copy).Added);
    }

    [Theory]
    [InlineData("{\"id\":", "{x\"id\":", "see byte 2")]
    [InlineData("\"batch\":", "\"batch\":\"x\",\"batch\":", "see batch")]
    public void A_line_that_cannot_be_read_is_told_in_words_of_our_own(string was, string now, string said)
    {
        using EditStore store = folder.OpenWith(1);
        Write(store);
        File.WriteAllText(Lines, File.ReadAllText(Lines).Replace(was, now, StringComparison.Ordinal));
        string message = StoreFolder.Refused(() => EditLines.Import(Lines, Copy));
        Assert.StartsWith($"{Lines}, line 2: it is no edit as 'edits export' writes them ({said}).", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Some_edits_are_taken_into_a_store_that_has_others()
    {
        using EditStore store = folder.OpenWith(4);
        Assert.Equal(1, Write(store, new EditFilter([("source", "*#3")])));
        using (EditStore copy = EditStore.Open(Copy, create: true))
        {
            copy.Bind(StoreFolder.Model, StoreFolder.NEmbd);
            copy.Add(StoreFolder.Edit(1));
        }

        Assert.Equal(1, EditLines.Import(Lines, Copy).Added);
        Assert.Equal(1, EditLines.Import(Lines, Copy).Same);
        using EditStore now = EditStore.Open(Copy, readOnly: true);
        StoreFolder.Same(StoreFolder.Edit(3) with { Id = 2, Batch = 2, CreatedAt = now.Get(2).CreatedAt }, now.Get(2));
    }

    [Theory]
    [InlineData("\"target\":\" target 2\"", "\"target\":\" target 9\"", "line 3: it is no edit as 'edits export' writes them (its")]
    [InlineData("\"status\":\"withdrawn\"", "\"status\":\"active\"", "line 3: it is no edit")]
    [InlineData("\"action\":\"withdrawn\"", "\"action\":\"restored\"", "line 3: it is no edit")]
    [InlineData("\"data\":\"", "\"data\":\"AAAA", "bytes, which is not its shape")]
    [InlineData("\"promptTokens\":[2,", "\"promptTokens\":[-2,", "line 3")]
    [InlineData("\"theta\":", "\"heta\":", "line 2: Settings of method ireva are not as this program knows them")]
    [InlineData("\"method\":\"ireva\"", "\"method\":\"magic\"", "line 2: Editing method \"magic\" is unknown")]
    [InlineData("\"method\":\"ireva\"", "\"metod\":\"ireva\"", "line 2: it is no edit")]
    [InlineData("\"subject\":null", "\"subject\":null,\"subject\":null", "line 3: it is no edit")]
    [InlineData("\"version\":1", "\"version\":2", "line 1: the format's version is 2")]
    [InlineData("sharpformer edits", "other edits", "line 1: the format is \"other edits\"")]
    [InlineData("\"id\":3", "\"id\":1", "line 4")]
    [InlineData("\"nEmbd\":7", "\"nEmbd\":8", "expected [2,8]")]
    public void What_is_not_as_it_was_written_is_told_and_nothing_is_stored(string was, string now, string said)
    {
        using EditStore store = folder.OpenWith(3);
        store.Withdraw(2);
        Write(store);
        string text = File.ReadAllText(Lines);
        Assert.Contains(was, text, StringComparison.Ordinal);
        File.WriteAllText(Lines, new Regex(Regex.Escape(was)).Replace(text, now.Replace("$", "$$"), 1));
        string message = StoreFolder.Refused(() => EditLines.Import(Lines, Copy));
        Assert.StartsWith(Lines, message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.False(File.Exists(Copy));
    }

    [Fact]
    public void A_file_that_is_cut_off_or_none_is_told()
    {
        using EditStore store = folder.OpenWith(2);
        Write(store);
        byte[] all = File.ReadAllBytes(Lines);
        string[] lines = File.ReadAllLines(Lines);
        foreach ((int left, string last) in (ReadOnlySpan<(int, string)>)[(2, "the last is edit 1"), (1, "there is none")])
        {
            File.WriteAllLines(Lines, lines[..left]); // cut between two lines
            string cut = StoreFolder.Refused(() => EditLines.Import(Lines, Copy));
            Assert.Contains($"the first line says that 2 edits follow, got {left - 1}: {last}.", cut, StringComparison.Ordinal);
        }

        File.WriteAllLines(Lines, [lines[0], lines[2]]);
        Assert.Contains("got 1: the last is edit 2", StoreFolder.Refused(() => EditLines.Import(Lines, Copy)), StringComparison.Ordinal);
        Assert.False(File.Exists(Copy));
        File.WriteAllBytes(Lines, all[..^9]);
        Assert.Contains("line 3", StoreFolder.Refused(() => EditLines.Import(Lines, Copy)), StringComparison.Ordinal);
        File.WriteAllText(Lines, "");
        Assert.Contains("is empty", StoreFolder.Refused(() => EditLines.Import(Lines, Copy)), StringComparison.Ordinal);
        File.WriteAllText(Lines, "[]");
        string refused = StoreFolder.Refused(() => EditLines.Import(Lines, Copy));
        Assert.Contains("expected the first line", refused, StringComparison.Ordinal);
        Assert.EndsWith("Hint: the facts of a file of records are taught by 'edits add --input'.", refused, StringComparison.Ordinal);
        File.WriteAllBytes(Lines, [.. all[..20], 0xFF, .. all[20..]]);
        string bytes = StoreFolder.Refused(() => EditLines.Import(Lines, Copy));
        Assert.Equal($"{Lines}: cannot be read: it is no valid UTF-8 text.", bytes);
        Assert.Contains("got a folder", StoreFolder.Refused(() => EditLines.Import(folder.Root, Copy)), StringComparison.Ordinal);
        Assert.Contains("does not exist", StoreFolder.Refused(() => EditLines.Import(Copy, Lines)), StringComparison.Ordinal);
    }

    private int Write(EditStore store, EditFilter? filter = null, StoreMoment? at = null)
    {
        using StreamWriter writer = File.CreateText(Lines);
        return EditLines.Write(writer, store, filter, at);
    }
}

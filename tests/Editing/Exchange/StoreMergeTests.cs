using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing.Exchange;

/// <summary>Several stores become one.</summary>
public sealed class StoreMergeTests : IDisposable
{
    private static readonly TimeProvider Noon = new Stopped();

    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(24)]
    public void The_result_does_not_depend_on_how_edits_are_spread_over_the_stores(int chunks)
    {
        Edit[] all = [.. Enumerable.Range(1, 24).Select(i => StoreFolder.Edit(i))];
        string one = Store("one.db", all), merged = folder.File, reference = Out("reference.db");
        string[] parts = [.. Enumerable.Range(0, chunks).Select(i => Store($"{i}.db", all[(24 * i / chunks)..(24 * (i + 1) / chunks)]))];
        Assert.Equal(24, Merge(merged, parts).Added);
        Merge(reference, [one]);
        Assert.Equal(File.ReadAllBytes(reference), File.ReadAllBytes(merged));
        using EditStore store = EditStore.Open(merged, readOnly: true), original = EditStore.Open(one, readOnly: true);
        foreach ((Edit made, Edit taken) in original.List(true, true).Zip(store.List(true, true)))
            StoreFolder.Same(made with { Batch = 1, CreatedAt = taken.CreatedAt }, taken);
        string reason = Assert.Single(store.Changes()).Reason!;
        Assert.Equal("taken over: 24 edits, taught 2024-05-01 to 2024-05-01 by ada", reason);
    }

    [Fact]
    public void A_later_answer_supersedes_and_the_same_fact_is_kept_once()
    {
        string a = Store("a.db", Fact(1, 10), Fact(2, 10), Fact(3, 10)), b = Store("b.db", Fact(2, 10), Fact(1, 11), Fact(4, 10));
        MergeReport report = Merge(folder.File, a, b);
        Assert.Equal((5, 1, 1L), (report.Added, report.Same, report.Change));
        MergeConflict taken = Assert.Single(report.Superseded);
        Assert.Equal((1, 4, b), (taken.Edit, taken.By, taken.From));
        Assert.Equal("superseded by 4 | active | active | active | active", Statuses());
        Assert.Null(Merge(folder.File, a, b).Change); // nothing new
        Assert.Equal("superseded by 4 | active | active | active | active", Statuses());
    }

    [Fact]
    public void Conflicts_are_kept_or_refused_where_that_is_asked_for()
    {
        string a = Store("a.db", Fact(1, 10)), b = Store("b.db", Fact(1, 11));
        string said = StoreFolder.Refused(() => StoreMerge.Run(folder.File, [a, b], ConflictPolicy.Refuse));
        Assert.Contains($"edit 1 of '{a}' says \"10\" and edit 1 of '{b}' says \"11\"", said, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File));
        MergeReport report = StoreMerge.Run(folder.File, [a, b], ConflictPolicy.Keep);
        Assert.Single(report.Conflicts);
        Assert.Equal("active | active", Statuses());
    }

    [Fact]
    public void What_became_of_edits_is_taken_over_and_who_silenced_a_fact_has_the_last_word()
    {
        string a = Store("a.db", Fact(1, 10), Fact(2, 10), Fact(3, 10)), b = Store("b.db", Fact(5, 10), Fact(2, 10), Fact(1, 10));
        Change(a, store => store.Withdraw(1));
        Change(a, store => store.AddOnce([Fact(3, 11)], null, [[3]]));
        Change(b, store => store.Withdraw([1, 2]));
        MergeReport report = Merge(folder.File, a, b);
        Assert.Equal((5, 2), (report.Added, report.Same));
        Assert.Equal("withdrawn | withdrawn | superseded by 4 | active | withdrawn", Statuses());
        Assert.Equal(1, Assert.Single(report.Silent).Edit); // b lets it answer

        using EditStore store = EditStore.Open(folder.File);
        store.Undo();
        Assert.Equal(5, store.Count().Undone);
    }

    [Fact]
    public void What_a_store_lets_answer_is_not_silenced_by_what_became_of_it_elsewhere()
    {
        string own = Store("own.db", Fact(1, 10), Fact(2, 10)), other = Out("other.db");
        File.Copy(own, other);
        Change(other, store => store.Withdraw(1));
        MergeReport report = Merge(own, other);
        Assert.Equal((0, 2, null), (report.Added, report.Same, report.Change));
        Assert.Equal(1, Assert.Single(report.Answering).Edit);
        Assert.Empty(report.Silenced);
        Assert.Equal("active | active", Statuses(own));

        report = Merge(folder.File, own, other); // here the order of the sources says so
        Assert.Equal(1, Assert.Single(report.Silenced).Edit);
        Assert.Empty(report.Answering);
        Assert.Equal("withdrawn | active", Statuses());
        string said = StoreFolder.Refused(() => StoreMerge.Run(Out("new.db"), [own, other], ConflictPolicy.Refuse));
        Assert.Contains($"answers there and is withdrawn in '{other}'", said, StringComparison.Ordinal);
        report = Merge(Out("new.db"), other, own); // a later source does not let it answer again
        Assert.Equal(1, Assert.Single(report.Silent).Edit);
    }

    [Theory]
    [InlineData(ConflictPolicy.SupersedeSamePrompt)]
    [InlineData(ConflictPolicy.Keep)]
    public void Nothing_is_superseded_by_an_edit_that_is_gone(ConflictPolicy policy)
    {
        string own = Store("own.db", Fact(1, 10)), other = Out("other.db");
        File.Copy(own, other);
        Change(other, store => store.AddOnce([Fact(1, 11)], null, [[1]]));
        Change(other, store => store.Remove(2));
        MergeReport report = StoreMerge.Run(own, [other], policy, time: Noon, author: StoreFolder.Author);
        Assert.Equal((1, null), (Assert.Single(report.Answering).Edit, report.Change));
        Assert.Equal("active", Statuses(own));
        Assert.Single(StoreMerge.Run(folder.File, [own, other], policy, time: Noon, author: StoreFolder.Author).Answering);
        Assert.Equal("active", Statuses());
    }

    [Fact]
    public void An_edit_that_was_superseded_elsewhere_is_so_by_the_edit_that_comes_along()
    {
        string own = Store("own.db", Fact(1, 10)), other = Out("other.db"), third = Out("third.db");
        File.Copy(own, other);
        File.Copy(own, third);
        Change(other, store => store.AddOnce([Fact(1, 11)], null, [[1]]));
        Assert.Contains(
            "Nothing was merged", StoreFolder.Refused(() => StoreMerge.Run(own, [other], ConflictPolicy.Refuse)), StringComparison.Ordinal);
        MergeReport report = StoreMerge.Run(third, [other], ConflictPolicy.Keep);
        Assert.Equal((1, 0), (report.Conflicts.Count, report.Answering.Count));
        Assert.Equal("active | active", Statuses(third));
        report = Merge(own, other);
        Assert.Equal((1, 0, 0), (report.Superseded.Count, report.Answering.Count, report.Silenced.Count));
        Assert.Equal("superseded by 2 | active", Statuses(own));
    }

    [Fact]
    public void Two_answers_that_a_store_keeps_stay_and_a_third_takes_over_from_both()
    {
        string a = Store("a.db", Fact(1, 10), Fact(1, 11)), b = Store("b.db", Fact(1, 11), Fact(1, 12));
        Merge(folder.File, a);
        Assert.Equal("active | active", Statuses());
        Merge(folder.File, b); // which keeps 11 beside 12
        Assert.Equal("superseded by 3 | active | active", Statuses());
    }

    [Fact]
    public void Removed_and_undone_edits_stay_behind()
    {
        string a = Store("a.db", Fact(1, 10), Fact(2, 10), Fact(3, 10));
        Change(a, store => store.Remove(1));
        Change(a, store => store.AddOnce([Fact(4, 10)]));
        Change(a, store => store.Undo());
        MergeReport report = Merge(folder.File, a);
        Assert.Equal((2, 2), (report.Added, report.LeftBehind));
        using EditStore store = EditStore.Open(folder.File, readOnly: true);
        Assert.Equal([2, 3], store.List(false, true).SelectMany(edit => edit.PromptTokens));
    }

    [Fact]
    public void What_cannot_be_merged_is_told_and_leaves_nothing_behind()
    {
        string a = Store("a.db", Fact(1, 10)), other = Out("other.db");
        ModelFingerprint stranger = StoreFolder.Model with { Tokenizer = new string('c', 64) };
        using (EditStore store = EditStore.Open(other, create: true))
        {
            store.Bind(stranger, StoreFolder.NEmbd);
            store.Add(Fact(1, 10));
        }

        Assert.Contains("the tokenizer files differ", StoreFolder.Refused(() => Merge(folder.File, a, other)), StringComparison.Ordinal);
        string twice = StoreFolder.Refused(() => Merge(folder.File, a, a)), itself = StoreFolder.Refused(() => Merge(a, a));
        Assert.EndsWith("is named twice. Hint: name each store once: it takes its place in the order.", twice, StringComparison.Ordinal);
        Assert.EndsWith("is named twice. Hint: edits do not come from the store that gets them.", itself, StringComparison.Ordinal);
        Assert.Contains("does not exist", StoreFolder.Refused(() => Merge(folder.File, a, Out("none.db"))), StringComparison.Ordinal);
        string elsewhere = Out("elsewhere.db");
        using (EditStore store = Open(elsewhere)) store.Add(Fact(9, 10) with { Settings = new IReVaSettings { Layer = 1 } });
        string said = StoreFolder.Refused(() => Merge(folder.File, a, elsewhere));
        Assert.Contains("block 4, asked for is block 1", said, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File));
        string empty = Out("empty.db");
        StoreConnection.OpenForWriting(empty, empty, create: true).Dispose(); // as programs before this one left it
        Assert.Contains("holds no edits", StoreFolder.Refused(() => Merge(folder.File, empty)), StringComparison.Ordinal);
    }

    private static Edit Fact(int prompt, int target) => StoreFolder.Edit(3) with
    {
        Request = new EditRequest($"Prompt {prompt}", $"{target}"),
        PromptTokens = [prompt],
        TargetTokens = [target],
    };

    private static MergeReport Merge(string output, params string[] stores) =>
        StoreMerge.Run(output, stores, time: Noon, author: StoreFolder.Author);

    private string Out(string name) => Path.Combine(folder.Root, name);

    private static EditStore Open(string path)
    {
        EditStore store = EditStore.Open(path, create: true, Noon, author: StoreFolder.Author);
        store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
        return store;
    }

    private string Store(string name, params Edit[] edits)
    {
        using EditStore store = Open(Out(name));
        store.AddOnce(edits);
        return store.Path;
    }

    private static void Change(string path, Action<EditStore> change)
    {
        using EditStore store = Open(path);
        change(store);
    }

    private string Statuses(string? path = null)
    {
        using EditStore store = EditStore.Open(path ?? folder.File, readOnly: true);
        return string.Join(" | ", store.List(false, true).Select(edit => edit.SupersededBy is { } by
            ? $"superseded by {by}"
            : edit.Status.ToString().ToLowerInvariant()));
    }

    private sealed class Stopped : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);
    }
}

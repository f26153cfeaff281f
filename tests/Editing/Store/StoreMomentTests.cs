using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>A store as it was.</summary>
public sealed class StoreMomentTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void At_every_moment_the_store_reads_as_it_did_then()
    {
        using EditStore store = _folder.Open();
        List<(StoreMoment Event, StoreMoment Time, IReadOnlyList<Edit> Edits, EditCounts Counts)> seen = [];
        Action[] changes =
        [
            () => store.AddOnce([StoreFolder.Edit(1), StoreFolder.Edit(2)]), () => store.Withdraw(2), () => store.Restore(2),
            () => store.AddOnce([StoreFolder.Edit(3)], null, [[1, 2]]), () => store.Undo(), () => store.Undo(5),
            () => store.Restore([1, 2]),
        ];
        foreach (Action change in changes)
        {
            change();
            EditEvent last = store.Events()[^1];
            seen.Add((StoreMoment.Event(last.Seq), StoreMoment.Time(last.At), store.List(true, true), store.Count()));
        }

        foreach ((StoreMoment at, StoreMoment time, IReadOnlyList<Edit> edits, EditCounts counts) in seen)
        {
            foreach (StoreMoment moment in new[] { at, time })
            {
                IReadOnlyList<Edit> then = store.List(true, true, moment);
                Assert.Equal(edits.Count, then.Count);
                foreach ((Edit e, Edit a) in edits.Zip(then)) StoreFolder.Same(e, a);
                foreach (Edit edit in edits) StoreFolder.Same(edit, store.Get(edit.Id, moment));
                Assert.Equal(counts, store.Count(moment));
            }
        }
    }

    [Fact]
    public void The_store_was_never_in_the_middle_of_a_change()
    {
        using EditStore store = _folder.OpenWith(1);
        store.AddOnce([StoreFolder.Edit(2), StoreFolder.Edit(3)], null, [[1], []]); // events 2, 3, 4
        for (long seq = 2; seq <= 4; seq++)
            Assert.Equal(new EditCounts(2, 0, 0, 4, Superseded: 1), store.Count(StoreMoment.Event(seq)));
        Assert.Equal(new EditCounts(1, 0, 0, 2), store.Count(StoreMoment.Event(1)));
    }

    [Fact]
    public void Moments_that_never_were_are_told()
    {
        using EditStore store = _folder.OpenWith(2);
        Assert.Contains(
            "has no event 3: its events are 1 to 2", StoreFolder.Refused(() => store.Count(StoreMoment.Event(3))),
            StringComparison.Ordinal);
        StoreFolder.Refused(() => store.List(false, false, StoreMoment.Event(0)));
        Assert.Contains(
            "has no edit 2 as of event 1: it was added at 2024-", StoreFolder.Refused(() => store.Get(2, StoreMoment.Event(1))),
            StringComparison.Ordinal);
        StoreMoment before = StoreMoment.Time(store.Get(1).CreatedAt.AddTicks(-1));
        Assert.Empty(store.List(true, true, before));
        Assert.Equal(default, store.Count(before));
        Assert.Contains("as of 2024-02-29T23:59:59.3580244Z", StoreFolder.Refused(() => store.Get(1, before)), StringComparison.Ordinal);
    }

    [Fact]
    public void Edits_whose_parts_were_deleted_since_are_named_where_parts_are_asked_for()
    {
        using EditStore store = _folder.OpenWith(9);
        store.Withdraw(2);
        store.Remove([2, 3]); // events 11, 12
        StoreMoment then = StoreMoment.Event(10);
        Assert.Contains(
            "cannot be used as of event 10: edits 2, 3 were removed since, and with them what it takes to apply",
            StoreFolder.Refused(() => store.List(true, false, then)), StringComparison.Ordinal);
        Assert.Contains("edit 3 was removed since", StoreFolder.Refused(() => store.Get(3, then)), StringComparison.Ordinal);
        Assert.Equal(
            [EditStatus.Active, EditStatus.Withdrawn, EditStatus.Active],
            store.List(false, false, then).Take(3).Select(edit => edit.Status));
        Assert.Equal(7, store.List(true, false, StoreMoment.Event(12)).Count);
        store.Remove([1, 4, 5, 6, 7]);
        Assert.Contains(
            "edits 1, 2, 3, 4, 5 and 2 more were removed", StoreFolder.Refused(() => store.List(true, false, then)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_clock_went_back_what_was_known_by_a_time_is_known()
    {
        var clock = new SetClock { Now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        using EditStore store = _folder.Open(clock);
        store.Add(StoreFolder.Edit(1));
        clock.Now = clock.Now.AddYears(-5);
        store.Add(StoreFolder.Edit(2));
        clock.Now = clock.Now.AddYears(1);
        store.Withdraw(1);
        Assert.Equal(2, store.Count(StoreMoment.Time(clock.Now.AddDays(-1))).Active);
        Assert.Equal(1, store.Count(StoreMoment.Time(clock.Now)).Active);
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

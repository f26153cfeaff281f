using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>The first edit makes the file; until then there is none.</summary>
public sealed class StoreCreationTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_is_left_behind_where_nothing_was_stored()
    {
        using (EditStore store = _folder.Open())
        {
            Assert.Empty(store.List(withParts: true, includeRemoved: true));
            Assert.Empty(store.AddOnce([]));
            StoreFolder.Refused(() => store.Withdraw(1));
            StoreFolder.Refused(() => store.Add(StoreFolder.Edit(1), "half a pair \uD800"));
            Assert.Throws<ArgumentException>(() => store.Add(StoreFolder.Edit(1, nEmbd: 5)));
            Assert.Empty(Directory.GetFiles(_folder.Root));
        }

        Assert.Empty(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void The_first_edit_makes_one_file_and_nothing_beside_it()
    {
        using (EditStore store = _folder.Open())
        {
            Assert.Equal(1, store.Add(StoreFolder.Edit(1)).Id);
            Assert.Equal(2, store.Add(StoreFolder.Edit(2)).Id);
        }

        Assert.Equal([_folder.File], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_store_without_edits_can_be_bound_to_another_model()
    {
        var other = new ModelFingerprint(new string('c', 64), new string('d', 64));
        using (EditStore store = _folder.Open())
        {
            store.Bind(other, 5);
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
            store.Add(StoreFolder.Edit(1));
            Assert.Contains("belongs to another model", StoreFolder.Refused(() => store.Bind(other, 5)), StringComparison.Ordinal);
        }

        // An older program's: bound, and empty.
        _folder.Sql("DELETE FROM parts; DELETE FROM events; DELETE FROM edits; DELETE FROM head");
        _folder.Sql($"INSERT INTO head VALUES (1, 0, '{IdentityRow.Sum(new StoreIdentity(StoreFolder.Model, StoreFolder.NEmbd))}')");
        using (EditStore store = EditStore.Open(_folder.File, author: StoreFolder.Author))
        {
            store.Bind(other, StoreFolder.NEmbd);
            store.Add(StoreFolder.Edit(1));
        }

        using EditStore again = EditStore.Open(_folder.File);
        Assert.Equal(other, again.Identity!.Model);
        Assert.Single(again.List(withParts: true, includeRemoved: true));
    }

    [Fact]
    public void Of_two_that_make_it_at_once_both_succeed()
    {
        for (int round = 0; round < 25; round++)
        {
            string path = Path.Combine(_folder.Root, $"{round}.db");
            using var start = new Barrier(2);
            Parallel.Invoke(Enumerable.Range(1, 2).Select(i => (Action)(() =>
            {
                using EditStore store = EditStore.Open(path, create: true);
                store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
                start.SignalAndWait();
                store.Add(StoreFolder.Edit(i));
                store.Add(StoreFolder.Edit(i + 2));
            })).ToArray());
            using EditStore made = EditStore.Open(path, readOnly: true);
            Assert.Equal(4, made.List(withParts: true, includeRemoved: true).Count);
        }

        Assert.Equal(25, Directory.GetFiles(_folder.Root).Length);
    }

    [Fact]
    public void Where_another_model_was_first_it_is_told()
    {
        using EditStore second = EditStore.Open(_folder.File, create: true);
        second.Bind(new ModelFingerprint(new string('c', 64), new string('d', 64)), StoreFolder.NEmbd);
        _folder.OpenWith(1).Dispose();
        Assert.Contains("belongs to another model", StoreFolder.Refused(() => second.Add(StoreFolder.Edit(2))), StringComparison.Ordinal);
    }

    [Fact]
    public void Portions_of_one_run_are_one_change_unless_another_comes_between()
    {
        using (EditStore store = _folder.Open())
        {
            store.AddOnce([StoreFolder.Edit(1), StoreFolder.Edit(2)]);
            store.AddOnce([StoreFolder.Edit(3)], continues: store.OwnChange);
            store.AddOnce([StoreFolder.Edit(4)], continues: store.OwnChange);
            Assert.Equal([1L, 1, 1, 1], store.Events().Select(line => line.Change));
            Assert.Equal(2, store.Count(StoreMoment.Event(1)).Active); // together with the second, and before the third
            Assert.Equal(3, store.Count(StoreMoment.Event(3)).Active);
            store.Undo();
            Assert.Equal(4, store.Count().Undone);
        }

        using EditStore first = EditStore.Open(_folder.File, author: StoreFolder.Author), other = EditStore.Open(_folder.File);
        first.Add(StoreFolder.Edit(5));
        other.Add(StoreFolder.Edit(6));
        first.AddOnce([StoreFolder.Edit(7)], continues: first.OwnChange);
        Assert.Equal([3L, 4, 5], first.Events().Skip(8).Select(line => line.Change));
    }
}

using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>Edits that take over from others, changes of several edits, and changes that are taken back.</summary>
public sealed class EditUndoTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_edit_that_takes_over_is_stored_with_the_old_ones_silence_in_one_change()
    {
        using EditStore store = _folder.OpenWith(3);
        store.Withdraw(2);
        store.Remove(3);
        IReadOnlyList<TaughtEdit> taught = store.AddOnce([Other(1), StoreFolder.Edit(9)], "newer", [[1, 2, 3], []]);
        Assert.Equal([4L, 5], taught.Select(edit => edit.Edit.Id));
        EditChange change = store.Changes()[^1];
        Assert.Equal((6, "newer", null, null), (change.Number, change.Reason, change.Undoes, change.UndoneBy));
        Assert.Equal(
            ["4 Added ", "1 Superseded 4", "2 Superseded 4", "5 Added "],
            change.Events.Select(line => $"{line.EditId} {line.Action} {line.Detail?.SupersededBy}"));
        Assert.Single(change.Events.Select(line => line.At).Distinct());
        Assert.Equal(
            (EditStatus.Superseded, 4, null), (store.Get(2).Status, store.Get(2).SupersededBy, store.Get(2).WithdrawnAt));
        Assert.Equal(EditStatus.Removed, store.Get(3).Status);
        Assert.Equal(new EditCounts(2, 0, 1, 3, Superseded: 2), store.Count());
        Assert.Equal(
            "Edit 1 cannot be withdrawn: it is superseded (by edit 4). Hint: only an active edit can be withdrawn.",
            StoreFolder.Refused(() => store.Withdraw(1)));
    }

    [Fact]
    public void An_edit_that_is_there_already_takes_over_nothing()
    {
        using EditStore store = _folder.OpenWith(2);
        Assert.False(store.AddOnce([StoreFolder.Edit(1)], null, [[2]])[0].IsNew);
        Assert.Equal(2, store.Events().Count);
        Assert.Contains("no edit 7", StoreFolder.Refused(() => store.AddOnce([Other(1)], null, [[7]])), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => store.AddOnce([Other(1)], null, []));
        Assert.Equal(2, store.Events().Count);
    }

    [Fact]
    public void A_superseded_or_undone_fact_can_be_taught_again()
    {
        using EditStore store = _folder.OpenWith(1);
        store.AddOnce([Other(1)], null, [[1]]);
        Assert.Null(store.Find(StoreFolder.Edit(1).Request.Prompt, StoreFolder.Edit(1).TargetTokens));
        Assert.Equal((3, true), (store.AddOnce([StoreFolder.Edit(1)], null, [[2]])[0] is var (edit, isNew) ? (edit.Id, isNew) : default));
        store.Undo();
        Assert.Equal((4, true), (store.AddOnce([StoreFolder.Edit(1)])[0] is var (again, isNewer) ? (again.Id, isNewer) : default));
    }

    [Fact]
    public void Several_edits_change_in_one_go_or_none_does()
    {
        using EditStore store = _folder.OpenWith(4);
        IReadOnlyList<EditEvent> events = store.Withdraw([3, 1, 3], "wrong");
        Assert.Equal([3L, 1], events.Select(line => line.EditId));
        Assert.All(events, line => Assert.Equal((5L, "wrong", EditAction.Withdrawn), (line.Change, line.Reason, line.Action)));
        Assert.Equal(events, store.Changes()[^1].Events);
        StoreFolder.Refused(() => store.Withdraw([2, 1]));
        StoreFolder.Refused(() => store.Remove([2, 9]));
        StoreFolder.Refused(() => store.Restore([3, 2]));
        Assert.Equal(6, store.Events().Count);
        Assert.Empty(store.Withdraw([]));
        Assert.Equal(6L, store.Remove([2, 4])[0].Change);
        Assert.Equal(new EditCounts(0, 2, 2, 3), store.Count());
    }

    [Fact]
    public void The_edit_that_is_restored_answers_and_others_of_its_prompt_do_not()
    {
        using EditStore store = _folder.OpenWith(2);
        store.AddOnce([Other(1)], null, [[1]]);
        Assert.Equal(
            ["1 Restored ", "3 Superseded 1"],
            store.Restore(1).Select(line => $"{line.EditId} {line.Action} {line.Detail?.SupersededBy}"));
        StoreFolder.Same(StoreFolder.Stored(1, store.Get(1).CreatedAt), store.Get(1));
        store.Withdraw(1);
        store.Restore([1, 3]);
        Assert.Equal([EditStatus.Superseded, EditStatus.Active, EditStatus.Active], Statuses(store));
        store.Restore(1);
        Assert.Equal([EditStatus.Active, EditStatus.Active, EditStatus.Superseded], Statuses(store));
    }

    [Fact]
    public void Each_kind_of_change_is_undone_and_done_again()
    {
        using EditStore store = _folder.OpenWith(2);
        Action[] changes =
        [
            () => store.Withdraw([1, 2]), () => store.Restore(1), () => store.AddOnce([Other(1)], null, [[1, 2]]),
            () => store.Restore(1), () => store.Withdraw(1),
        ];
        foreach (Action change in changes)
        {
            Edit[] before = All(store);
            change();
            Edit[] after = All(store);
            long number = store.Changes()[^1].Number;
            IReadOnlyList<EditEvent> undo = store.Undo(reason: "a slip");
            Assert.All(undo, line => Assert.Equal(("a slip", number), (line.Reason, line.Detail!.Undoes)));
            AssertSame(before, All(store));
            Assert.Equal(number + 1, store.Changes()[(int)number - 1].UndoneBy);
            store.Undo(number + 1);
            Assert.Null(store.Changes()[(int)number - 1].UndoneBy);
            AssertSame(after, All(store));
        }

        static Edit[] All(EditStore store) => [.. store.List(withParts: true, includeRemoved: true)];

        static void AssertSame(Edit[] expected, Edit[] actual)
        {
            foreach (Edit added in actual.Skip(expected.Length)) Assert.Equal(EditStatus.Undone, added.Status);
            foreach ((Edit e, Edit a) in expected.Zip(actual))
                StoreFolder.Same(e, a with { WithdrawnAt = e.WithdrawnAt is null ? a.WithdrawnAt : e.WithdrawnAt });
        }
    }

    [Fact]
    public void Undo_without_a_number_goes_back_step_by_step()
    {
        using EditStore store = _folder.OpenWith(2);
        store.Withdraw(1);
        Assert.Equal([3L, 2, 1], new[] { store.Undo(), store.Undo(), store.Undo() }.Select(undo => undo[0].Detail!.Undoes!.Value));
        Assert.Equal([EditStatus.Undone, EditStatus.Undone], Statuses(store));
        Assert.Empty(store.List(withParts: true, includeRemoved: false));
        Assert.Contains("all of its changes are undone", StoreFolder.Refused(() => store.Undo()), StringComparison.Ordinal);
        Assert.Contains("it is undone. Hint:", StoreFolder.Refused(() => store.Restore(1)), StringComparison.Ordinal);
        store.Undo(6);
        Assert.Equal([EditStatus.Active, EditStatus.Undone], Statuses(store));
        Assert.Equal(1L, store.Undo()[0].Detail!.Undoes);
    }

    [Fact]
    public void What_cannot_be_undone_is_refused_with_the_reason_and_changes_nothing()
    {
        using EditStore store = _folder.Open();
        Refused("has nothing to undo: it is empty", null);
        store.AddOnce([StoreFolder.Edit(1), StoreFolder.Edit(2), StoreFolder.Edit(3)]); // 1
        store.Withdraw([1, 2]); // 2
        store.Restore(2); // 3
        Refused("Change 1 cannot be undone: change 2 touched edits 1, 2 since", 1);
        Refused("Change 2 cannot be undone: change 3 touched edit 2 since", 2);
        Refused("has no change 4: its changes are 1 to 3", 4);
        Refused("has no change 0", 0);
        store.Undo(3); // 4: as if 3 had not been
        Refused("Change 3 is undone already, by change 4", 3);
        store.Undo(2); // 5
        Refused("Change 4 cannot be undone: change 5 touched edit 2 since", 4);
        store.Remove(3); // 6
        Refused("Change 6 cannot be undone: the parts of edit 3 were deleted for good", 6);
        Refused("Change 1 cannot be undone: change 6 touched edit 3 since", 1);
        store.Withdraw(1); // 7
        store.AddOnce([Other(1)]); // 8
        Refused("edit 1 would answer again, and edit 4 answers the same prompt since", 7);
        store.Withdraw(4); // 9
        store.Undo(7);
        Assert.Equal(EditStatus.Active, store.Get(1).Status);

        void Refused(string expected, long? change)
        {
            int before = store.Events().Count;
            Assert.Contains(expected, StoreFolder.Refused(() => store.Undo(change)), StringComparison.Ordinal);
            Assert.Equal(before, store.Events().Count);
        }
    }

    [Fact]
    public void Changes_can_be_asked_of_one_edit_or_from_a_moment_on()
    {
        using EditStore store = _folder.OpenWith(3);
        store.Withdraw([1, 3]);
        store.Restore(3);
        Assert.Equal([1L, 4], store.Changes(1).Select(change => change.Number));
        Assert.Equal([1L, 3], store.Changes(1)[1].Edits);
        Assert.Equal([4L, 5], store.Changes(null, StoreMoment.Event(5)).Select(change => change.Number));
        Assert.Equal([5L, 6], store.Events(3, StoreMoment.Event(4)).Select(line => line.Seq));
        DateTimeOffset third = store.Get(3).CreatedAt;
        Assert.Equal([3L, 4, 5, 6], store.Events(null, StoreMoment.Time(third)).Select(line => line.Seq));
        Assert.Contains("no edit 4", StoreFolder.Refused(() => store.Changes(4)), StringComparison.Ordinal);
    }

    private static EditStatus[] Statuses(EditStore store) =>
        [.. store.List(withParts: false, includeRemoved: true).Select(edit => edit.Status)];

    /// <summary>Another target for the prompt of edit number <paramref name="i"/>.</summary>
    private static Edit Other(int i)
    {
        Edit edit = StoreFolder.Edit(i), other = StoreFolder.Edit(i + 30);
        return other with { Request = other.Request with { Prompt = edit.Request.Prompt }, PromptTokens = edit.PromptTokens };
    }
}

using Microsoft.Data.Sqlite;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>What happens to edits is told line by line, and no line is lost.</summary>
public sealed class EditEventTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_change_is_one_line_with_time_author_and_reason()
    {
        DateTimeOffset[] times = Times(7);
        using (EditStore store = _folder.OpenWith(1))
        {
            store.AddOnce([StoreFolder.Edit(2)], "from the – list 🦊");
            store.Withdraw(1, "wrong");
            store.Restore(1, "right after all");
            store.Withdraw(1);
            store.Remove(1, "");
        }

        using EditStore again = EditStore.Open(_folder.File, readOnly: true);
        Assert.Equal(
            [
                new EditEvent(1, 1, times[0], "ada", EditAction.Added, null, "0.0.1"),
                new EditEvent(2, 2, times[1], "ada", EditAction.Added, "from the – list 🦊", "0.0.1"),
                new EditEvent(3, 1, times[2], "ada", EditAction.Withdrawn, "wrong", "0.0.1"),
                new EditEvent(4, 1, times[3], "ada", EditAction.Restored, "right after all", "0.0.1"),
                new EditEvent(5, 1, times[4], "ada", EditAction.Withdrawn, null, "0.0.1"),
                new EditEvent(6, 1, times[5], "ada", EditAction.Removed, "", "0.0.1"),
            ],
            again.Events());
        Assert.Equal([1L, 3, 4, 5, 6], again.Events(1).Select(line => line.Seq));
        Edit edit = again.Get(1);
        Assert.Equal((times[0], times[4], times[5]), (edit.CreatedAt, edit.WithdrawnAt, edit.RemovedAt));
        Assert.Contains("no edit 3", StoreFolder.Refused(() => again.Events(3)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_change_leaves_no_line()
    {
        using EditStore store = _folder.OpenWith(1);
        StoreFolder.Refused(() => store.Restore(1));
        StoreFolder.Refused(() => store.Withdraw(2));
        Assert.Contains("the reason is no valid text", StoreFolder.Refused(() => store.Withdraw(1, "\udc00")), StringComparison.Ordinal);
        Assert.Single(store.Events());
    }

    [Theory]
    [InlineData("UPDATE events SET reason = 'none'", "events are never changed")]
    [InlineData("DELETE FROM events WHERE seq = 2", "events are never deleted")]
    public void No_line_can_be_changed_or_deleted(string sql, string expected)
    {
        using (EditStore store = _folder.OpenWith(2)) store.Withdraw(1);
        Assert.Contains(expected, Assert.Throws<SqliteException>(() => _folder.Sql(sql)).Message, StringComparison.Ordinal);
        using EditStore again = EditStore.Open(_folder.File, readOnly: true);
        Assert.Equal([null, null, null], again.Events().Select(line => line.Reason));
    }

    [Fact]
    public void An_unknown_action_is_told_where_events_are_read_and_leaves_the_status_alone()
    {
        _folder.OpenWith(1).Dispose();
        _folder.Sql("INSERT INTO events VALUES (7, 1, '2024-02-29T23:59:59.3580245Z', 'eve', 'praised', NULL, '9', '{}')");
        using EditStore store = EditStore.Open(_folder.File);
        Assert.Equal(EditStatus.Active, store.Get(1).Status);
        Assert.Contains("action \"praised\" is unknown", StoreFolder.Refused(() => store.Events(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Edits_taught_together_share_a_batch()
    {
        using EditStore first = _folder.Open(), second = EditStore.Open(_folder.File);
        second.Bind(StoreFolder.Model, StoreFolder.NEmbd);
        Assert.Equal([1L, 1], first.AddOnce([StoreFolder.Edit(1), StoreFolder.Edit(2)]).Select(taught => taught.Edit.Batch));
        Assert.Equal(2, second.Add(StoreFolder.Edit(3)).Batch);
        first.AddOnce([StoreFolder.Edit(1)]); // stores nothing, so it uses up no number
        first.Remove(3);
        Assert.Equal([1L, 3], first.AddOnce([StoreFolder.Edit(2), StoreFolder.Edit(4)]).Select(taught => taught.Edit.Batch));
        Assert.Equal([1L, 1, 2, 3], second.List(withParts: false, includeRemoved: true).Select(edit => edit.Batch));
    }

    [Fact]
    public void The_author_is_the_user_of_this_program_unless_told_otherwise()
    {
        using (EditStore store = EditStore.Open(_folder.File, create: true))
        {
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
            store.Add(StoreFolder.Edit(1));
            EditEvent line = Assert.Single(store.Events());
            Assert.Equal((Environment.UserName, EditAuthor.Current.Version), (line.User, line.Version));
        }

        Assert.Matches(@"^\d+\.\d+\.\d+", EditAuthor.Current.Version);
        Assert.DoesNotContain('+', EditAuthor.Current.Version);
    }

    private static DateTimeOffset[] Times(int count)
    {
        StepClock clock = StoreFolder.NewClock();
        return [.. Enumerable.Range(0, count).Select(_ => clock.GetUtcNow())];
    }
}

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
                new EditEvent(1, 1, 1, times[0], "ada", EditAction.Added, null, "0.0.1"),
                new EditEvent(2, 2, 2, times[1], "ada", EditAction.Added, "from the – list 🦊", "0.0.1"),
                new EditEvent(3, 3, 1, times[2], "ada", EditAction.Withdrawn, "wrong", "0.0.1"),
                new EditEvent(4, 4, 1, times[3], "ada", EditAction.Restored, "right after all", "0.0.1"),
                new EditEvent(5, 5, 1, times[4], "ada", EditAction.Withdrawn, null, "0.0.1"),
                new EditEvent(6, 6, 1, times[5], "ada", EditAction.Removed, "", "0.0.1"),
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
    [InlineData("UPDATE events SET reason = 'none' WHERE seq = 2", "event 2")]
    [InlineData("UPDATE events SET user = 'eve' WHERE seq = 1", "event 1")]
    [InlineData("UPDATE events SET sum = (SELECT sum FROM events WHERE seq = 1) WHERE seq = 3", "event 3")]
    [InlineData("DELETE FROM events WHERE seq = 2", "event 3")]
    [InlineData("DELETE FROM events WHERE seq = 3", "its history ends with event 2, expected 3")]
    [InlineData("DELETE FROM events", "its history ends with event 0, expected 3")]
    [InlineData("DELETE FROM head", "its history does not end as it was written")]
    [InlineData("INSERT INTO events VALUES (4, 4, 1, '2024-02-29T23:59:59.3580245Z', 'eve', 'restored', NULL, '9', NULL, '')", "event 4")]
    [InlineData("UPDATE identity SET weights = 'x'", "event 1")]
    [InlineData("UPDATE identity SET config = '{}'", "event 1")]
    public void A_line_that_was_changed_added_or_deleted_is_told(string sql, string expected)
    {
        using (EditStore before = _folder.OpenWith(2)) before.Withdraw(1);
        _folder.Sql(sql);
        foreach (bool readOnly in new[] { true, false })
        {
            using EditStore store = EditStore.Open(_folder.File, readOnly: readOnly);
            Action[] readings =
                [() => store.Events(), () => store.Changes(1), () => store.Count(), () => store.Get(1), () => store.List(false, false)];
            foreach (Action reading in readings) Assert.Contains(expected, StoreFolder.Refused(reading), StringComparison.Ordinal);
            if (!readOnly) Assert.Contains(expected, StoreFolder.Refused(() => store.Restore(1)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_another_process_does_is_read_on()
    {
        using EditStore first = _folder.OpenWith(2), second = EditStore.Open(_folder.File, author: StoreFolder.Author);
        Assert.Equal(2, second.Events().Count);
        first.Withdraw(2, "read on");
        Assert.Equal("read on", second.Events()[^1].Reason);
        Assert.Equal([4L, 5], new[] { second.Restore(2)[0].Seq, first.Withdraw(1)[0].Seq });
        Assert.Equal(5, second.Events().Count);
    }

    [Fact]
    public void Edits_taught_together_share_a_batch()
    {
        using EditStore first = _folder.Open(), second = _folder.Open();
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

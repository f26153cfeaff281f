namespace Sharpformer.Editing.Store;

/// <summary>What is done to a store in one go: its events share number, time, author and reason.</summary>
internal sealed class StoreChange(EditWriter rows, EditAuthor author, DateTimeOffset at, string? reason)
{
    private readonly long number = rows.History.LastChange + 1;
    private readonly List<EditEvent> events = [];

    /// <summary>When.</summary>
    public DateTimeOffset At => at;

    /// <summary>What has happened, this change's events included.</summary>
    public EditHistory History => rows.History;

    /// <summary>This change's events so far.</summary>
    public IReadOnlyList<EditEvent> Events => events;

    /// <summary>Stores an edit, which has its id, as active.</summary>
    public void Insert(Edit edit)
    {
        rows.Insert(edit);
        Append(edit.Id, EditAction.Added);
    }

    /// <summary>Says what happens to an edit.</summary>
    public void Append(long id, EditAction action, EditEventDetail? detail = null) =>
        events.Add(rows.Append(new EditEvent(0, number, id, at, author.User, action, reason, author.Version, detail)));
}

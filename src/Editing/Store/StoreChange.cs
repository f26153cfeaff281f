namespace Sharpformer.Editing.Store;

/// <summary>What one transaction does to a store: its events share number, time, author and reason.</summary>
/// <param name="rows">Where it is written.</param>
/// <param name="author">Who does it.</param>
/// <param name="at">When.</param>
/// <param name="reason">Why, where somebody says so.</param>
/// <param name="continues">Whether it belongs to the last change in the store instead of being one of its own.</param>
internal sealed class StoreChange(EditWriter rows, EditAuthor author, DateTimeOffset at, string? reason, bool continues)
{
    private readonly List<EditEvent> events = [];

    /// <summary>The change's number.</summary>
    public long Number { get; } = rows.History.LastChange + (continues ? 0 : 1);

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
        events.Add(rows.Append(new EditEvent(0, Number, id, at, author.User, action, reason, author.Version, detail)));
}

namespace Sharpformer.Editing.Store;

/// <summary>
/// What the events say, and nothing else does: the status of every edit, by folding event after event. A store as it was at a moment is
/// the same fold over fewer events.
/// </summary>
/// <param name="start">The checksum that the first event's follows: the identity's.</param>
internal sealed class EditHistory(string start)
{
    private readonly List<EditEvent> events = [];
    private readonly Dictionary<long, EditState> states = [];

    /// <summary>All events, in order: number n is at n - 1.</summary>
    public IReadOnlyList<EditEvent> Events => events;

    /// <summary>The number of the last event; 0 where there is none.</summary>
    public long LastSeq => events.Count;

    /// <summary>The number of the last change; 0 where there is none.</summary>
    public long LastChange => events.Count == 0 ? 0 : events[^1].Change;

    /// <summary>The checksum of the last event, or what there is before the first.</summary>
    public string LastSum { get; private set; } = start;

    /// <summary>How many edits it tells of.</summary>
    public int Count => states.Count;

    /// <summary>What is known of an edit; null where nothing has happened to it.</summary>
    public EditState? Of(long id) => states.GetValueOrDefault(id);

    /// <summary>Adds the next event.</summary>
    /// <param name="line">The event.</param>
    /// <param name="sum">Its checksum.</param>
    /// <exception cref="FormatException">It cannot have happened after those before it.</exception>
    public void Append(EditEvent line, string sum)
    {
        if (line.Seq != LastSeq + 1) throw new FormatException($"it follows event {LastSeq}");
        if (line.Change != LastChange && line.Change != LastChange + 1)
            throw new FormatException($"change {line.Change} follows {LastChange}");
        states[line.EditId] = Next(Of(line.EditId), line);
        events.Add(line);
        LastSum = sum;
    }

    /// <summary>
    /// The history up to the last event of a moment. What was stored together with it, at the same time within a change, belongs to it:
    /// the store was never in between. Where clocks were changed, an event of an earlier time behind it counts as well.
    /// </summary>
    public EditHistory At(StoreMoment moment)
    {
        int end = events.FindLastIndex(moment.IsReached) + 1;
        while (end > 0 && end < events.Count && (events[end].Change, events[end].At) == (events[end - 1].Change, events[end - 1].At)) end++;
        return First(end);
    }

    /// <summary>The history before a change.</summary>
    public EditHistory Before(long change) => First(events.TakeWhile(line => line.Change < change).Count());

    /// <summary>The events by changes, in order: number n is at n - 1.</summary>
    public List<EditChange> Changes()
    {
        List<EditChange> changes = [.. events.GroupBy(line => line.Change).Select(of => new EditChange(of.Key, [.. of], null))];

        // From the newest on: an undo that was undone undoes nothing.
        for (int i = changes.Count - 1; i >= 0; i--)
        {
            if (changes[i] is not { Undoes: { } target, UndoneBy: null }) continue;
            changes[(int)target - 1] = changes[(int)target - 1] with { UndoneBy = changes[i].Number };
        }

        return changes;
    }

    private EditHistory First(int count)
    {
        var first = new EditHistory("");
        foreach (EditEvent line in events.Take(count)) first.Append(line, "");
        return first;
    }

    private static EditState Next(EditState? state, EditEvent line)
    {
        if (state is null && line.Action != EditAction.Added) throw new FormatException($"edit {line.EditId} was not added before");
        if (state is not null && line.Action == EditAction.Added) throw new FormatException($"edit {line.EditId} was added before");
        if (state?.Status == EditStatus.Removed) throw new FormatException($"edit {line.EditId} was removed before");
        if (line.Detail?.Undoes is { } undone && (undone < 1 || undone >= line.Change))
            throw new FormatException($"it undoes change {undone}");
        return line.Action switch
        {
            EditAction.Added => new EditState(EditStatus.Active, line.At, null, null, null),
            EditAction.Removed => state! with { Status = EditStatus.Removed, RemovedAt = line.At },
            _ => state! with
            {
                Status = line.Action switch
                {
                    EditAction.Withdrawn => EditStatus.Withdrawn,
                    EditAction.Superseded => EditStatus.Superseded,
                    EditAction.Undone => EditStatus.Undone,
                    _ => EditStatus.Active,
                },
                WithdrawnAt = line.Action == EditAction.Withdrawn ? line.At : null,
                SupersededBy = line.Action == EditAction.Superseded ? line.Detail?.SupersededBy : null,
            },
        };
    }
}

/// <summary>What the events say of an edit; the fields are those of <see cref="Edit"/>.</summary>
internal sealed record EditState(
    EditStatus Status, DateTimeOffset CreatedAt, DateTimeOffset? WithdrawnAt, DateTimeOffset? RemovedAt, long? SupersededBy);

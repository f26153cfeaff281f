namespace Sharpformer.Editing;

/// <summary>What was done to a store in one go, or in the portions of one run, each of which is stored as a whole or not at all.</summary>
/// <param name="Number">Counted from 1 without gaps.</param>
/// <param name="Events">What happened, in order; at least one event.</param>
/// <param name="UndoneBy">The change that undid it and was not undone itself; null where it is in effect.</param>
public sealed record EditChange(long Number, IReadOnlyList<EditEvent> Events, long? UndoneBy)
{
    /// <summary>When it began, UTC.</summary>
    public DateTimeOffset At => Events[0].At;

    /// <summary>Who did it.</summary>
    public string User => Events[0].User;

    /// <summary>Why, where somebody said so.</summary>
    public string? Reason => Events[0].Reason;

    /// <summary>The program that did it.</summary>
    public string Version => Events[0].Version;

    /// <summary>The change that it undid; null where it is not an undo.</summary>
    public long? Undoes => Events[0].Detail?.Undoes;

    /// <summary>The edits that it touched, each once, in order.</summary>
    public IEnumerable<long> Edits => Events.Select(line => line.EditId).Distinct();
}

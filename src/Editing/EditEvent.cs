namespace Sharpformer.Editing;

/// <summary>What can happen to an edit.</summary>
public enum EditAction
{
    /// <summary>It was stored and answers.</summary>
    Added,

    /// <summary>It was silenced.</summary>
    Withdrawn,

    /// <summary>It answers again.</summary>
    Restored,

    /// <summary>A newer edit of the same prompt took over.</summary>
    Superseded,

    /// <summary>Its parts were deleted for good.</summary>
    Removed,

    /// <summary>Its addition was taken back.</summary>
    Undone,
}

/// <summary>One line of an edit's history. None is ever changed or deleted.</summary>
/// <param name="Seq">Its place in the history of the whole store, counted from 1 without gaps.</param>
/// <param name="Change">
/// What was done in one go shares this number, counted from 1 without gaps, and with it user, reason and version. The portions of a
/// long run share it too, each with a time of its own.
/// </param>
/// <param name="EditId">Whom it happened to.</param>
/// <param name="At">When, UTC.</param>
/// <param name="User">Who did it; empty for what happened in a store of schema version 1, which did not say.</param>
/// <param name="Action">What happened.</param>
/// <param name="Reason">Why, where somebody said so.</param>
/// <param name="Version">The program that did it; empty like <paramref name="User"/>.</param>
/// <param name="Detail">What else there is to say; null for nothing.</param>
public sealed record EditEvent(
    long Seq, long Change, long EditId, DateTimeOffset At, string User, EditAction Action, string? Reason, string Version,
    EditEventDetail? Detail = null);

/// <summary>What an event refers to.</summary>
/// <param name="SupersededBy">Of <see cref="EditAction.Superseded"/>: the edit that took over.</param>
/// <param name="Undoes">The change that this event's change undoes; null where it undoes none.</param>
public sealed record EditEventDetail(long? SupersededBy = null, long? Undoes = null);

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

    /// <summary>Its parts were deleted for good.</summary>
    Removed,
}

/// <summary>One line of an edit's history. None is ever changed or deleted.</summary>
/// <param name="Seq">Its place in the history of the whole store, counted from 1.</param>
/// <param name="EditId">Whom it happened to.</param>
/// <param name="At">When, UTC.</param>
/// <param name="User">Who did it; empty for what happened in a store of schema version 1, which did not say.</param>
/// <param name="Action">What happened.</param>
/// <param name="Reason">Why, where somebody said so.</param>
/// <param name="Version">The program that did it; empty like <paramref name="User"/>.</param>
public sealed record EditEvent(long Seq, long EditId, DateTimeOffset At, string User, EditAction Action, string? Reason, string Version);

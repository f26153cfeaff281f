namespace Sharpformer.Editing;

/// <summary>What a stored edit does at present.</summary>
public enum EditStatus
{
    /// <summary>It answers.</summary>
    Active,

    /// <summary>
    /// It is silent: its prompts fall back to the base model. Its keys still compete, so that no neighbour answers in its place.
    /// </summary>
    Withdrawn,

    /// <summary>A newer edit of the same prompt took over: it is kept, silent, and competes no more.</summary>
    Superseded,

    /// <summary>Its addition was taken back: it is kept, silent, and competes no more.</summary>
    Undone,

    /// <summary>Its parts are gone; the record remains as history.</summary>
    Removed,
}

/// <summary>What follows from a status.</summary>
public static class EditStatusRules
{
    /// <summary>Whether edits of this status are applied to a model at all: they answer, or compete in silence.</summary>
    public static bool IsApplied(this EditStatus status) => status is EditStatus.Active or EditStatus.Withdrawn;
}

/// <summary>A fact as the model was taught it, with everything its method needs to apply it again.</summary>
public sealed record Edit
{
    /// <summary>Address within its store, counted from 1 in order of birth; 0 before it is stored.</summary>
    public long Id { get; init; }

    /// <summary>What was asked for.</summary>
    public required EditRequest Request { get; init; }

    /// <summary>The prompt's token ids.</summary>
    public required int[] PromptTokens { get; init; }

    /// <summary>The target's token ids.</summary>
    public required int[] TargetTokens { get; init; }

    /// <summary>How it was made.</summary>
    public required EditSettings Settings { get; init; }

    /// <summary>The method that made it.</summary>
    public string Method => Settings.Method;

    /// <summary>Edits that were taught together share this number, counted from 1; 0 before they are stored.</summary>
    public long Batch { get; init; }

    /// <summary>What it consists of, by name; empty where it was not read, and once removed.</summary>
    public required IReadOnlyList<EditPart> Parts { get; init; }

    /// <summary>The loss that the method reports at the end of training; null without training.</summary>
    public double? FinalLoss { get; init; }

    /// <summary>What it does at present.</summary>
    public EditStatus Status { get; init; } = EditStatus.Active;

    /// <summary>When it was stored, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// The edit that took over; null unless <see cref="Status"/> is <see cref="EditStatus.Superseded"/> or it was removed while
    /// superseded.
    /// </summary>
    public long? SupersededBy { get; init; }

    /// <summary>
    /// When it was withdrawn, UTC; null unless <see cref="Status"/> is <see cref="EditStatus.Withdrawn"/> or it was removed
    /// while withdrawn.
    /// </summary>
    public DateTimeOffset? WithdrawnAt { get; init; }

    /// <summary>When it was removed, UTC.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>The part of a name; null where there is none.</summary>
    public EditPart? Part(string name)
    {
        for (int i = 0; i < Parts.Count; i++)
            if (Parts[i].Name == name) return Parts[i];
        return null;
    }
}

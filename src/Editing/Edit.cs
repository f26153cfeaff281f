namespace Sharpformer.Editing;

/// <summary>What a stored edit does at present.</summary>
public enum EditStatus
{
    /// <summary>Its neurons compete and answer.</summary>
    Active,

    /// <summary>Its neurons compete but stay silent: its prompts fall back to the base model.</summary>
    Withdrawn,

    /// <summary>Its neurons are gone; the record remains as history.</summary>
    Removed,
}

/// <summary>A fact as the model was taught it: one neuron per target token, with everything needed to make it again.</summary>
public sealed record Edit
{
    /// <summary>Address within its store, counted from 1 in order of birth; 0 before it is stored.</summary>
    public long Id { get; init; }

    /// <summary>What was asked for.</summary>
    public required EditRequest Request { get; init; }

    /// <summary>The prompt's token ids.</summary>
    public required int[] PromptTokens { get; init; }

    /// <summary>The target's token ids; neuron i answers with token i.</summary>
    public required int[] TargetTokens { get; init; }

    /// <summary>How it was made.</summary>
    public required EditSettings Settings { get; init; }

    /// <summary>One per target token; empty once removed.</summary>
    public required IReadOnlyList<Neuron> Neurons { get; init; }

    /// <summary>What it does at present.</summary>
    public EditStatus Status { get; init; } = EditStatus.Active;

    /// <summary>When it was stored, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was withdrawn, UTC; null unless <see cref="Status"/> is <see cref="EditStatus.Withdrawn"/> or it was removed while withdrawn.</summary>
    public DateTimeOffset? WithdrawnAt { get; init; }

    /// <summary>When it was removed, UTC.</summary>
    public DateTimeOffset? RemovedAt { get; init; }
}

using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <summary>What else can be said about a run of teaching.</summary>
public sealed record TeachingOptions
{
    /// <summary>Why the edits are made; kept with the events.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do where a fact meets an edit that says something else.</summary>
    public ConflictPolicy OnConflict { get; init; }

    /// <summary>Teaches anew also what superseded, undone or removed edits of the store hold.</summary>
    public bool Again { get; init; }

    /// <summary>Asks the edited model in the end what it was taught: one more pass over the new edits' prompts.</summary>
    public bool Check { get; init; } = true;

    /// <summary>
    /// Teaches one portion of the requests only, so that several machines share a list: the edits are those that one run over the whole
    /// list would have made. Portion counts from 1; null teaches all.
    /// </summary>
    public (int Portion, int Of)? Share { get; init; }

    /// <summary>Follow the method literally, one edit after the other: the same edits, slowly.</summary>
    public bool IsSequential { get; init; }

    /// <summary>Where to keep what the base model computes of prompts; null keeps nothing.</summary>
    public string? TraceFolder { get; init; }

    /// <summary>Where to keep statistics of the model that a method collects; null keeps nothing.</summary>
    public string? StatisticsFolder { get; init; }

    /// <summary>
    /// The file of the trained network that a method makes edits with; null looks beside the model's folder, for
    /// <c>facts-gpt2.mend.safetensors</c> for example.
    /// </summary>
    public string? NetFile { get; init; }
}

/// <summary>What a run of teaching did.</summary>
/// <param name="Added">The edits that were stored, in order; of their parts only what tells about training.</param>
/// <param name="Skipped">Requests that were not taught, whatever the reason: their fact was there, or it is told below.</param>
/// <param name="NotDone">Requests that were not reached.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="Store">The store's path.</param>
public sealed record TeachingReport(IReadOnlyList<Edit> Added, int Skipped, int NotDone, double Seconds, string Store)
{
    /// <summary>The first request that was not reached; null where all were.</summary>
    public EditRequest? FirstNotDone { get; init; }

    /// <summary>Edits of the store that were asked for again with other settings, and stayed as they were.</summary>
    public IReadOnlyList<Edit> OtherwiseMade { get; init; } = [];

    /// <summary>Facts that edits of the store hold which are withdrawn, superseded or undone; they stay so.</summary>
    public IReadOnlyList<Edit> Silent { get; init; } = [];

    /// <summary>Facts that were removed before, and therefore refused.</summary>
    public IReadOnlyList<Edit> Refused { get; init; } = [];

    /// <summary>Requests whose prompt comes again later in the list with another target.</summary>
    public IReadOnlyList<EditRequest> Overtaken { get; init; } = [];

    /// <summary>What a new edit took over from, an old and a new edit each.</summary>
    public IReadOnlyList<(Edit Old, Edit New)> Superseded { get; init; } = [];

    /// <summary>Edits that answer, or answered, a new edit's prompt otherwise, and stay in force.</summary>
    public IReadOnlyList<TeachingConflict> Conflicts { get; init; } = [];

    /// <summary>What the edited model answers to the new edits' prompts, in their order; empty where it was not asked.</summary>
    public IReadOnlyList<CheckedAnswer> Answers { get; init; } = [];

    /// <summary>Whether the run was cancelled after all was stored, before the model was asked for it.</summary>
    public bool IsUnasked { get; init; }

    /// <summary>What ended the run early, unless it was cancelled.</summary>
    public InputException? Failure { get; init; }
}

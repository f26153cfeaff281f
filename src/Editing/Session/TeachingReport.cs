using Sharpformer.Editing;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <summary>What else can be said about a run of teaching.</summary>
public sealed record TeachingOptions
{
    /// <summary>Why the edits are made; kept with the events.</summary>
    public string? Reason { get; init; }

    /// <summary>Follow the method literally, one edit after the other: the same edits, slowly.</summary>
    public bool IsSequential { get; init; }

    /// <summary>Where to keep what the base model computes of prompts; null keeps nothing.</summary>
    public string? TraceFolder { get; init; }

    /// <summary>Where to keep statistics of the model that a method collects; null keeps nothing.</summary>
    public string? StatisticsFolder { get; init; }
}

/// <summary>What a run of teaching did.</summary>
/// <param name="Added">The edits that were stored, in order; of their parts only what tells about training.</param>
/// <param name="Skipped">Requests whose fact was there already.</param>
/// <param name="NotDone">Requests that were not reached.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="Store">The store's path.</param>
public sealed record TeachingReport(IReadOnlyList<Edit> Added, int Skipped, int NotDone, double Seconds, string Store)
{
    /// <summary>The first request that was not reached; null where all were.</summary>
    public EditRequest? FirstNotDone { get; init; }

    /// <summary>Edits of the store that were asked for again with other settings, and stayed as they were.</summary>
    public IReadOnlyList<Edit> OtherwiseMade { get; init; } = [];

    /// <summary>Prompts that have several targets now.</summary>
    public IReadOnlyList<string> Contradicted { get; init; } = [];

    /// <summary>What ended the run early, unless it was cancelled.</summary>
    public InputException? Failure { get; init; }
}

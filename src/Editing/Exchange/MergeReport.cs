namespace Sharpformer.Editing.Exchange;

/// <summary>What a store took over from others.</summary>
/// <param name="Store">The store's path.</param>
/// <param name="Added">Edits that are new in it.</param>
/// <param name="Same">Edits whose fact it had already; each is kept once.</param>
/// <param name="LeftBehind">Undone and removed edits of the others.</param>
/// <param name="Change">The number of the change; null where there was nothing to do.</param>
public sealed record MergeReport(string Store, int Added, int Same, int LeftBehind, long? Change)
{
    /// <summary>Edits that a later one of the same prompt took over from.</summary>
    public IReadOnlyList<MergeConflict> Superseded { get; init; } = [];

    /// <summary>Edits that answer the same prompt otherwise, and stay.</summary>
    public IReadOnlyList<MergeConflict> Conflicts { get; init; } = [];

    /// <summary>Edits that are silent here although a later source lets them answer; they stay so.</summary>
    public IReadOnlyList<MergeConflict> Silent { get; init; } = [];

    /// <summary>Edits that an earlier source brought and a later one has withdrawn or superseded: they are silent now.</summary>
    public IReadOnlyList<MergeConflict> Silenced { get; init; } = [];

    /// <summary>
    /// Edits that a source has withdrawn or superseded and that answer here nevertheless: the store had them, or what superseded them
    /// answers no more.
    /// </summary>
    public IReadOnlyList<MergeConflict> Answering { get; init; } = [];
}

namespace Sharpformer.Editing.Store;

/// <summary>How much a store holds.</summary>
/// <param name="Active">Edits that answer.</param>
/// <param name="Withdrawn">Edits that are kept silent.</param>
/// <param name="Removed">Edits that are history only.</param>
/// <param name="TargetTokens">Target tokens of the active and withdrawn edits; iReVa has a neuron for each.</param>
/// <param name="Superseded">Edits that a newer one of the same prompt took over from.</param>
/// <param name="Undone">Edits whose addition was taken back.</param>
public readonly record struct EditCounts(
    long Active, long Withdrawn, long Removed, long TargetTokens, long Superseded = 0, long Undone = 0);

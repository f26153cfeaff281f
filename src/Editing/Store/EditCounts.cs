namespace Sharpformer.Editing.Store;

/// <summary>How much a store holds.</summary>
/// <param name="Active">Edits that answer.</param>
/// <param name="Withdrawn">Edits that are kept silent.</param>
/// <param name="Removed">Edits that are history only.</param>
/// <param name="TargetTokens">Target tokens of the active and withdrawn edits; iReVa has a neuron for each.</param>
public readonly record struct EditCounts(long Active, long Withdrawn, long Removed, long TargetTokens);

namespace Sharpformer.Editing.Store;

/// <summary>How much a store holds.</summary>
/// <param name="Active">Edits that answer.</param>
/// <param name="Withdrawn">Edits that are kept silent.</param>
/// <param name="Removed">Edits that are history only.</param>
/// <param name="Neurons">Neurons of the active and withdrawn edits.</param>
public readonly record struct EditCounts(long Active, long Withdrawn, long Removed, long Neurons)
{
    /// <summary>All edits ever stored.</summary>
    public long Total => Active + Withdrawn + Removed;
}

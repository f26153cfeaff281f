namespace Sharpformer.Editing.Store;

/// <summary>What a store's edits belong to. Keys and values are meaningless for any other model, width or block.</summary>
/// <param name="Model">The base model.</param>
/// <param name="NEmbd">Length C of every key and value.</param>
/// <param name="Layer">Edited block, 0-based.</param>
public sealed record StoreIdentity(ModelFingerprint Model, int NEmbd, int Layer);

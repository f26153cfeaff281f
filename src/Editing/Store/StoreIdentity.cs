namespace Sharpformer.Editing.Store;

/// <summary>What a store's edits belong to. Their parts are meaningless for any other model or width.</summary>
/// <param name="Model">The base model.</param>
/// <param name="NEmbd">C: the model's width.</param>
public sealed record StoreIdentity(ModelFingerprint Model, int NEmbd);

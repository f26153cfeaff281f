namespace Sharpformer.Editing.Store;

/// <summary>What a store's edits belong to. Their parts are meaningless for any other model or width.</summary>
/// <param name="Model">The base model.</param>
/// <param name="NEmbd">C: the model's width.</param>
/// <param name="Config">
/// A JSON object with whatever else changes the model's answers (heads, ε, activation, …), names in a fixed order; null where it is not
/// known, as in stores of older programs.
/// </param>
public sealed record StoreIdentity(ModelFingerprint Model, int NEmbd, string? Config = null);

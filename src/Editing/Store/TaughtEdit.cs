namespace Sharpformer.Editing.Store;

/// <summary>An edit as the store has it, and whether this call put it there.</summary>
/// <param name="Edit">The edit.</param>
/// <param name="IsNew">False when another process has stored the same fact meanwhile.</param>
public readonly record struct TaughtEdit(Edit Edit, bool IsNew);

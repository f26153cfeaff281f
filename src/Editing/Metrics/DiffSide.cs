namespace Sharpformer.Editing.Metrics;

/// <summary>One of two models that are compared.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Model">The model.</param>
/// <param name="Store">The store its edits are from; null for the base model.</param>
/// <param name="Edits">Its edits, without their parts.</param>
public sealed record DiffSide(string Name, EditedModel Model, string? Store, IReadOnlyList<Edit> Edits)
{
    /// <summary>How many of its edits answer.</summary>
    public int Active => Edits.Count(edit => edit.Status == EditStatus.Active);

    /// <summary>How many are withdrawn.</summary>
    public int Withdrawn => Edits.Count(edit => edit.Status == EditStatus.Withdrawn);

    /// <summary>How its edits were made: each way once, with how many were made so.</summary>
    public IReadOnlyList<(EditSettings Settings, int Edits)> Settings =>
        [.. Edits.GroupBy(edit => edit.Settings).Select(group => (group.Key, group.Count()))];
}

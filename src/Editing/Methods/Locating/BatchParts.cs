namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// What an edit of a batch consists of: of each edited block its key k <c>[m]</c>, what stands in for it in the solution d <c>[m]</c>, and
/// the residual r <c>[C]</c>, named <c>17.k</c> and so on; and <c>place</c> <c>[1]</c>, where it stands in its batch.
/// </summary>
internal static class BatchParts
{
    /// <summary>The edit's place in its batch, from 0.</summary>
    public const string Place = "place";

    /// <summary>The parts of one block.</summary>
    public static IEnumerable<EditPart> Of(int layer, EditColumn column) =>
    [
        new(Name(layer, 'k'), [column.Key.Length], column.Key),
        new(Name(layer, 'd'), [column.Dual.Length], column.Dual),
        new(Name(layer, 'r'), [column.Residual.Length], column.Residual),
    ];

    /// <summary>An edit's column at a block.</summary>
    public static EditColumn Column(Edit edit, int layer)
    {
        return new EditColumn(Part('k'), Part('d'), Part('r'));

        float[] Part(char which) => (edit.Part(Name(layer, which))
            ?? throw new ArgumentException($"{edit.Method}: edit {edit.Id} has no part '{Name(layer, which)}'.")).Values;
    }

    /// <summary>Edits in the batches in which they were taught; withdrawn ones tell where a batch ends, and are left out then.</summary>
    public static IEnumerable<IReadOnlyList<Edit>> Batches(IReadOnlyList<Edit> edits)
    {
        for (int first = 0, end; first < edits.Count; first = end)
        {
            end = first + 1;
            while (end < edits.Count && edits[end].Batch == edits[first].Batch && PlaceOf(edits[end]) > PlaceOf(edits[end - 1])) end++;
            Edit[] active = [.. edits.Skip(first).Take(end - first).Where(edit => edit.Status == EditStatus.Active)];
            if (active.Length > 0) yield return active;
        }
    }

    /// <summary>What keeps an edit's parts from being those of its settings; null where nothing does.</summary>
    public static string? Misfit(Edit edit, BatchSettings settings, int nEmbd)
    {
        if (edit.Part(Place) is not { Shape: [1], Values: [>= 0] }) return $"it has no part '{Place}' of [1]";
        foreach (int layer in settings.AllLayers)
        {
            if (edit.Part(Name(layer, 'k')) is not { Shape: [var m] }) return $"it has no part '{Name(layer, 'k')}'";
            foreach ((char which, int size) in ((char, int)[])[('d', m), ('r', nEmbd)])
            {
                if (edit.Part(Name(layer, which)) is not { Shape: [var found] } || found != size)
                    return $"it has no part '{Name(layer, which)}' of [{size}]";
            }
        }

        int expected = 1 + 3 * settings.Layers;
        return edit.Parts.Count == expected ? null : $"it has {edit.Parts.Count} parts, expected {expected}";
    }

    private static string Name(int layer, char which) => $"{layer}.{which}";

    private static float PlaceOf(Edit edit) =>
        (edit.Part(Place) ?? throw new ArgumentException($"{edit.Method}: edit {edit.Id} has no part '{Place}'.")).Values[0];
}

/// <summary>What an edit is at one block.</summary>
/// <param name="Key">k: what the MLP's second matrix reads at the subject, <c>[m]</c>.</param>
/// <param name="Dual">C⁻¹·k, or P·k: the direction in which the matrix may change for it, <c>[m]</c>.</param>
/// <param name="Residual">r: what is to come on top of what the matrix gives for k, <c>[C]</c>.</param>
internal sealed record EditColumn(float[] Key, float[] Dual, float[] Residual);

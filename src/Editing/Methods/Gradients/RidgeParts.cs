using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Gradients;

/// <summary>
/// What an edit is to a ridge regression: of each edited block what its second MLP matrix reads where a target token is predicted, h
/// <c>[T,m]</c>, and what it shall give on top there, v <c>[T,C]</c>, named <c>17.h</c> and so on; and <c>place</c> <c>[1]</c>, where it
/// stands in its batch.
/// </summary>
internal static class RidgeParts
{
    /// <summary>The parts of one block.</summary>
    /// <param name="layer">The block.</param>
    /// <param name="inputs">h.</param>
    /// <param name="moves">v.</param>
    public static IEnumerable<EditPart> Of(int layer, float[][] inputs, float[][] moves) =>
        [Matrix(Name(layer, 'h'), inputs), Matrix(Name(layer, 'v'), moves)];

    /// <summary>
    /// The model with batches of edits, each the solution W += Hᵀ·(H·Hᵀ + λI)⁻¹·V of its active edits' rows: (Hᵀ·H + λI)⁻¹·Hᵀ·V in the form
    /// that is as large as there are rows.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="edits">Edits in order, withdrawn ones among them.</param>
    /// <param name="matrices">What a batch edits, by its first edit.</param>
    /// <param name="ridge">λ of a batch at a block, by its first edit.</param>
    public static CausalLm Apply(
        CausalLm model, IReadOnlyList<Edit> edits, Func<Edit, IReadOnlyList<MlpMatrix>> matrices, Func<Edit, int, double> ridge)
    {
        IReadOnlyList<Edit>[] batches = [.. BatchParts.Batches(edits)];
        int[] layers = [.. batches.SelectMany(batch => matrices(batch[0])).Select(matrix => matrix.Layer).Distinct().Order()];
        return layers.Length == 0 ? model : HostDevice.Run(model.Device, host => layers.Aggregate(model, (soFar, layer) =>
        {
            var change = new LayerChange(soFar, layer, host);
            foreach (IReadOnlyList<Edit> batch in batches.Where(one => matrices(one[0]).Any(matrix => matrix.Layer == layer)))
                change.Add([.. batch.SelectMany(edit => Columns(edit, layer))], ridge(batch[0], layer));
            return change.Model;
        }));
    }

    /// <summary>What keeps an edit's parts from being those of some matrices; null where nothing does.</summary>
    /// <param name="edit">The edit.</param>
    /// <param name="matrices">The matrices.</param>
    /// <param name="nEmbd">C.</param>
    /// <param name="more">How many parts it may have beside.</param>
    public static string? Misfit(Edit edit, IReadOnlyList<MlpMatrix> matrices, int nEmbd, int more)
    {
        if (edit.Part(BatchParts.Place) is not { Shape: [1], Values: [>= 0] }) return $"it has no part '{BatchParts.Place}' of [1]";
        foreach (MlpMatrix matrix in matrices)
        {
            string h = Name(matrix.Layer, 'h'), v = Name(matrix.Layer, 'v');
            if (edit.Part(h) is not { Shape: [var rows, _] }) return $"it has no part '{h}' of two dimensions";
            if (edit.Part(v) is not { Shape: [var moved, var width] } || moved != rows || width != nEmbd)
                return $"it has no part '{v}' of [{rows},{nEmbd}]";
        }

        int expected = 1 + (2 * matrices.Count) + more;
        return edit.Parts.Count == expected ? null : $"it has {edit.Parts.Count} parts, expected {expected}";
    }

    /// <summary>The inputs of an edit at a block.</summary>
    public static EditPart? Inputs(Edit edit, int layer) => edit.Part(Name(layer, 'h'));

    /// <summary>An edit's rows as columns of the solution: h is its own dual, as no statistics say what else to keep.</summary>
    private static IEnumerable<EditColumn> Columns(Edit edit, int layer)
    {
        return Rows('h').Zip(Rows('v'), (h, v) => new EditColumn(h, h, v));

        IEnumerable<float[]> Rows(char which)
        {
            EditPart part = edit.Part(Name(layer, which))
                ?? throw new ArgumentException($"{edit.Method}: edit {edit.Id} has no part '{Name(layer, which)}'.");
            return part.Values.Chunk(part.Shape[1]);
        }
    }

    private static EditPart Matrix(string name, float[][] rows) =>
        new(name, [rows.Length, rows[0].Length], [.. rows.SelectMany(row => row)]);

    private static string Name(int layer, char which) => FormattableString.Invariant($"{layer}.{which}");
}

using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Locating;

namespace Sharpformer.Editing.Methods.UltraEdit;

/// <summary>
/// What an edit of a turn consists of: of each edited block what its matrix reads where a target token is predicted, h <c>[T,m]</c>, and
/// what it shall give on top there, v <c>[T,C]</c>, named <c>17.h</c> and so on; and <c>place</c> <c>[1]</c>, where it stands in its turn.
/// The first of a turn has the moments after it as well: <c>moments.count</c> <c>[1]</c>, <c>moments.mean</c> and <c>moments.squares</c>
/// <c>[m+C]</c>.
/// </summary>
internal static class UltraEditParts
{
    private const string Count = "moments.count", Mean = "moments.mean", Squares = "moments.squares";

    /// <summary>The parts of one block.</summary>
    /// <param name="layer">The block.</param>
    /// <param name="inputs">h.</param>
    /// <param name="moves">v.</param>
    public static IEnumerable<EditPart> Of(int layer, float[][] inputs, float[][] moves) =>
        [Matrix(Name(layer, 'h'), inputs), Matrix(Name(layer, 'v'), moves)];

    /// <summary>The moments after a turn.</summary>
    public static IEnumerable<EditPart> Of(RunningMoments moments) =>
    [
        new(Count, [1], [moments.Count]),
        new(Mean, [moments.Mean.Length], [.. moments.Mean.Select(v => (float)v)]),
        new(Squares, [moments.Squares.Length], [.. moments.Squares.Select(v => (float)v)]),
    ];

    /// <summary>The moments that an edit holds; null where it is not the first of its turn.</summary>
    public static RunningMoments? Moments(Edit edit) => edit.Part(Count) is { Values: [var count] }
        && edit.Part(Mean) is { } mean && edit.Part(Squares) is { } squares
        ? RunningMoments.Of((long)count, mean.Values, squares.Values)
        : null;

    /// <summary>An edit's rows at a block as columns of the solution: h is its own dual, as no statistics say what else to keep.</summary>
    public static IEnumerable<EditColumn> Columns(Edit edit, int layer)
    {
        return Rows('h').Zip(Rows('v'), (h, v) => new EditColumn(h, h, v));

        IEnumerable<float[]> Rows(char which)
        {
            EditPart part = edit.Part(Name(layer, which))
                ?? throw new ArgumentException($"{edit.Method}: edit {edit.Id} has no part '{Name(layer, which)}'.");
            return part.Values.Chunk(part.Shape[1]);
        }
    }

    /// <summary>What keeps an edit's parts from being those of its settings; null where nothing does.</summary>
    public static string? Misfit(Edit edit, UltraEditSettings settings, int nEmbd)
    {
        if (edit.Part(BatchParts.Place) is not { Shape: [1], Values: [>= 0] }) return $"it has no part '{BatchParts.Place}' of [1]";
        int m = 0;
        foreach (MlpMatrix matrix in settings.Matrices)
        {
            string h = Name(matrix.Layer, 'h'), v = Name(matrix.Layer, 'v');
            if (edit.Part(h) is not { Shape: [var rows, var columns] }) return $"it has no part '{h}' of two dimensions";
            if (edit.Part(v) is not { Shape: [var moved, var width] } || moved != rows || width != nEmbd)
                return $"it has no part '{v}' of [{rows},{nEmbd}]";
            m = columns;
        }

        int expected = 1 + 2 * settings.Layers;
        if (edit.Part(Count) is { } count)
        {
            expected += 3;
            if (count is not { Shape: [1], Values: [>= 0] }) return $"part '{Count}' is no number of rows";
            foreach (string name in (string[])[Mean, Squares])
                if (edit.Part(name) is not { Shape: [var size] } || size != m + nEmbd) return $"it has no part '{name}' of [{m + nEmbd}]";
        }

        return edit.Parts.Count == expected ? null : $"it has {edit.Parts.Count} parts, expected {expected}";
    }

    private static EditPart Matrix(string name, float[][] rows) =>
        new(name, [rows.Length, rows[0].Length], [.. rows.SelectMany(row => row)]);

    private static string Name(int layer, char which) => FormattableString.Invariant($"{layer}.{which}");
}

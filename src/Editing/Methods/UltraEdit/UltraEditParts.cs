using Sharpformer.Editing.Methods.Gradients;

namespace Sharpformer.Editing.Methods.UltraEdit;

/// <summary>
/// What the first edit of a turn has beside its <see cref="RidgeParts"/>: the moments after the turn, <c>moments.count</c> <c>[1]</c>,
/// <c>moments.mean</c> and <c>moments.squares</c> <c>[m+C]</c>.
/// </summary>
internal static class UltraEditParts
{
    private const string Count = "moments.count", Mean = "moments.mean", Squares = "moments.squares";

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

    /// <summary>What keeps an edit's parts from being those of its settings; null where nothing does.</summary>
    public static string? Misfit(Edit edit, UltraEditSettings settings, int nEmbd)
    {
        if (edit.Part(Count) is not { } count) return RidgeParts.Misfit(edit, settings.Matrices, nEmbd, more: 0);
        if (RidgeParts.Misfit(edit, settings.Matrices, nEmbd, more: 3) is { } misfit) return misfit;
        if (count is not { Shape: [1], Values: [>= 0] }) return $"part '{Count}' is no number of rows";
        int expected = RidgeParts.Inputs(edit, settings.Layer)!.Shape[1] + nEmbd;
        foreach (string name in (string[])[Mean, Squares])
            if (edit.Part(name) is not { Shape: [var size] } || size != expected) return $"it has no part '{name}' of [{expected}]";
        return null;
    }
}

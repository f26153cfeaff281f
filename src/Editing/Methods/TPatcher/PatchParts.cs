namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>A neuron beside those of an MLP: it adds f(x·k + b)·v.</summary>
/// <param name="Key">k.</param>
/// <param name="Bias">b.</param>
/// <param name="Value">v.</param>
internal sealed record Patch(float[] Key, float Bias, float[] Value);

/// <summary>
/// What an edit consists of: <c>k</c> <c>[n,C]</c>, <c>b</c> <c>[n]</c> and <c>v</c> <c>[n,C]</c> of its neurons, none of them where the
/// model says the target by itself; and <c>x</c> <c>[T,C]</c>, what the MLP reads where each target token is predicted, at which later
/// edits' neurons shall be silent.
/// </summary>
internal static class PatchParts
{
    private const string K = "k", B = "b", V = "v", X = "x";

    /// <summary>The parts.</summary>
    public static IEnumerable<EditPart> Of(IReadOnlyList<Patch> patches, float[] states, int nEmbd)
    {
        yield return new EditPart(X, [states.Length / nEmbd, nEmbd], states);
        if (patches.Count == 0) yield break;
        yield return new EditPart(K, [patches.Count, nEmbd], [.. patches.SelectMany(patch => patch.Key)]);
        yield return new EditPart(B, [patches.Count], [.. patches.Select(patch => patch.Bias)]);
        yield return new EditPart(V, [patches.Count, nEmbd], [.. patches.SelectMany(patch => patch.Value)]);
    }

    /// <summary>The neurons of an edit.</summary>
    public static IEnumerable<Patch> Patches(Edit edit)
    {
        if (edit.Part(K) is not { } keys) return [];
        (float[] biases, EditPart values) = (Part(edit, B).Values, Part(edit, V));
        float[][] k = [.. keys.Values.Chunk(keys.Shape[1])], v = [.. values.Values.Chunk(values.Shape[1])];
        return biases.Select((bias, j) => new Patch(k[j], bias, v[j]));
    }

    /// <summary>What the MLP reads where the edit's target tokens are predicted.</summary>
    public static float[] States(Edit edit) => Part(edit, X).Values;

    /// <summary>What keeps an edit's parts from being those of its neurons; null where nothing does.</summary>
    public static string? Misfit(Edit edit, int nEmbd)
    {
        if (edit.Part(X) is not { Shape: [>= 1, var width] } || width != nEmbd) return $"it has no part '{X}' of [tokens,{nEmbd}]";
        if (edit.Part(K) is null && edit.Part(B) is null && edit.Part(V) is null) return null;
        if (edit.Part(K) is not { Shape: [var n, var inputs] } || inputs != nEmbd) return $"it has no part '{K}' of [neurons,{nEmbd}]";
        if (edit.Part(B) is not { Shape: [var biases] } || biases != n) return $"it has no part '{B}' of [{n}]";
        return edit.Part(V) is { Shape: [var values, var outputs] } && values == n && outputs == nEmbd
            ? null
            : $"it has no part '{V}' of [{n},{nEmbd}]";
    }

    private static EditPart Part(Edit edit, string name) =>
        edit.Part(name) ?? throw new ArgumentException($"TPatcher: edit {edit.Id} has no part '{name}'.");
}

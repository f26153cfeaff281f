using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Wise;

/// <summary>
/// What a shard consists of, held by its first edit; the others hold nothing. <c>edits</c> <c>[1]</c>, how many it has; <c>before</c>
/// <c>[1]</c>, how many edits earlier shards have; <c>width</c> <c>[1]</c>, m; <c>epsilon</c> <c>[1]</c>, ε; <c>values</c>, how the numbers
/// moved that its mask lets move, row by row of <c>[m,C]</c> — the mask comes from the seed — or with weight decay <c>delta</c>
/// <c>[m,C]</c>; and the losses.
/// </summary>
internal static class WiseParts
{
    /// <summary>How many edits share the change.</summary>
    public const string Edits = "edits";

    private const string Before = "before", Width = "width", Epsilon = "epsilon", Values = "values", Delta = "delta";

    /// <summary>A shard's parts.</summary>
    public static IReadOnlyList<EditPart> Of(
        WiseSettings settings, float[] delta, int m, int edits, long before, float epsilon, IReadOnlyList<float> losses)
    {
        int columns = delta.Length / m;
        bool[] mask = Mask(settings, before, delta.Length);
        float[] moved = [.. delta.Where((_, i) => mask[i])];
        return
        [
            new(Edits, [1], [edits]),
            new(Before, [1], [before]),
            new(Width, [1], [m]),
            new(Epsilon, [1], [epsilon]),
            settings.WeightDecay > 0 ? new(Delta, [m, columns], delta) : new(Values, [moved.Length], moved),
            new(EditPart.Losses, [losses.Count], [.. losses]),
        ];
    }

    /// <summary>Which numbers of <c>[m,C]</c> a shard may move.</summary>
    /// <param name="settings">Have the share and the seed.</param>
    /// <param name="before">How many edits earlier shards have.</param>
    /// <param name="count">m · C.</param>
    public static bool[] Mask(WiseSettings settings, long before, int count)
    {
        Rng rng = new Rng(settings.Seed).Fork("mask").Fork((ulong)before);
        bool[] mask = new bool[count];
        for (int i = 0; i < count; i++) mask[i] = rng.NextDouble() < settings.MaskShare;
        return mask;
    }

    /// <summary>How the matrix moved, <c>[m,C]</c>.</summary>
    public static float[] DeltaOf(Edit holder, int columns)
    {
        if (holder.Part(Delta) is { } whole) return whole.Values;
        float[] values = Part(holder, Values).Values, delta = new float[WidthOf(holder) * columns];
        bool[] mask = Mask((WiseSettings)holder.Settings, BeforeOf(holder), delta.Length);
        for (int i = 0, next = 0; i < delta.Length; i++)
            if (mask[i]) delta[i] = values[next++];
        return delta;
    }

    /// <summary>m.</summary>
    public static int WidthOf(Edit holder) => (int)Part(holder, Width).Values[0];

    /// <summary>How many edits earlier shards have.</summary>
    public static long BeforeOf(Edit holder) => (long)Part(holder, Before).Values[0];

    /// <summary>ε: the least movement for the shard's own prompts.</summary>
    public static float EpsilonOf(Edit holder) => Part(holder, Epsilon).Values[0];

    /// <summary>What keeps an edit's parts from being a shard or nothing; null where nothing does.</summary>
    public static string? Misfit(Edit edit, WiseSettings settings, int nEmbd)
    {
        if (edit.Parts.Count == 0) return null;
        foreach (string name in (string[])[Edits, Before, Width, Epsilon])
            if (edit.Part(name) is not { Shape: [1], Values: [>= 0] }) return $"it has no part '{name}' of [1]";
        if (edit.Part(Edits)!.Values[0] < 1) return $"part '{Edits}' is less than 1";
        int m = WidthOf(edit);
        if (settings.WeightDecay > 0)
        {
            bool fits = edit.Part(Delta) is { Shape: [var r, var c] } && r == m && c == nEmbd;
            return fits ? null : $"it has no part '{Delta}' of [{m},{nEmbd}]";
        }

        int expected = Mask(settings, BeforeOf(edit), checked(m * nEmbd)).Count(moves => moves);
        return edit.Part(Values) is { Shape: [var count] } && count == expected ? null : $"it has no part '{Values}' of [{expected}]";
    }

    private static EditPart Part(Edit edit, string name) =>
        edit.Part(name) ?? throw new ArgumentException($"Wise: edit {edit.Id} has no part '{name}'.");
}

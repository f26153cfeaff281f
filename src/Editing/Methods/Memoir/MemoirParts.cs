using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.SideMemory;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// What an edit consists of: <c>rows</c> <c>[k]</c>, those of the memory that it uses, ascending; <c>delta</c> <c>[k,C]</c>, what it adds
/// to them, or <c>left</c> <c>[k,rank]</c> and <c>right</c> <c>[rank,C]</c>, whose product that is; <c>mean</c> <c>[m]</c>, μ; with weight
/// decay <c>kept</c> <c>[1]</c>, what the whole memory is multiplied with before; and the losses.
/// </summary>
internal static class MemoirParts
{
    private const string Rows = "rows", Delta = "delta", Left = "left", Right = "right", Mean = "mean", Kept = "kept";

    /// <summary>An edit's parts.</summary>
    /// <param name="rows">Its rows.</param>
    /// <param name="delta">What it adds, <c>[k,C]</c>.</param>
    /// <param name="rank">The rank it is stored with; 0 for all of it.</param>
    /// <param name="kept">What the memory before it is multiplied with.</param>
    /// <param name="mean">μ.</param>
    public static IReadOnlyList<EditPart> Of(int[] rows, Tensor delta, int rank, float kept, float[] mean)
    {
        int k = rows.Length, columns = delta.Columns;
        List<EditPart> parts = [new(Rows, [k], [.. rows.Select(row => (float)row)])];
        if (LowRankRows.Saves(rank, k, columns))
        {
            LowRankRows factors = LowRankRows.Of(delta, rank);
            parts.AddRange([new(Left, [k, rank], factors.Left), new(Right, [rank, columns], factors.Right)]);
        }
        else
        {
            parts.Add(new EditPart(Delta, [k, columns], delta.ToArray()));
        }

        parts.Add(new EditPart(Mean, [mean.Length], mean));
        if (kept != 1) parts.Add(new EditPart(Kept, [1], [kept]));
        return parts;
    }

    /// <summary>How many numbers an edit has beside its losses.</summary>
    public static double Count(MemoirSettings settings, int m, int columns)
    {
        double k = settings.Active(m);
        return k + m + (settings.WeightDecay > 0 ? 1 : 0)
            + (LowRankRows.Saves(settings.Rank, (int)k, columns) ? settings.Rank * (k + columns) : k * columns);
    }

    /// <summary>The rows that an edit uses.</summary>
    public static int[] RowsOf(Edit edit) => [.. Part(edit, Rows).Values.Select(row => (int)row)];

    /// <summary>μ, as an edit has it.</summary>
    public static float[] MeanOf(Edit edit) => Part(edit, Mean).Values;

    /// <summary>Adds to a memory what an edit has written.</summary>
    public static void Write(Edit edit, Tensor memory)
    {
        Device device = memory.Device;
        using BufferScope scope = device.Scope();
        if (edit.Part(Kept) is { } kept) device.Copy(Ops.Scale(memory, kept.Values[0]).Value, memory);
        Tensor delta = edit.Part(Delta) is { } whole
            ? device.From(whole.Values, whole.Shape[0], whole.Shape[1])
            : Ops.MatMul(Matrix(Part(edit, Left)), Matrix(Part(edit, Right))).Value;
        device.ScatterAdd(delta, RowsOf(edit), memory);

        Tensor Matrix(EditPart part) => device.From(part.Values, part.Shape[0], part.Shape[1]);
    }

    /// <summary>What keeps an edit's parts from being those of its settings; null where nothing does.</summary>
    public static string? Misfit(Edit edit, MemoirSettings settings, int nEmbd)
    {
        if (edit.Part(Mean) is not { Shape: [var m] }) return $"it has no part '{Mean}' of one dimension";
        int k = settings.Active(m);
        if (edit.Part(Rows) is not { Shape: [var rows] } used || rows != k) return $"it has no part '{Rows}' of [{k}]";
        for (int i = 0; i < k; i++)
        {
            if (!(used.Values[i] >= 0 && used.Values[i] < m) || used.Values[i] != MathF.Floor(used.Values[i])
                || (i > 0 && used.Values[i] <= used.Values[i - 1]))
            {
                return FormattableString.Invariant(
                    $"number {i} of part '{Rows}' is {used.Values[i]}, expected whole numbers from 0, below {m}, that ascend");
            }
        }

        if (edit.Part(Kept) is { } kept && kept is not { Shape: [1], Values: [> 0 and <= 1] })
            return $"part '{Kept}' is no share of [1]";
        if (!LowRankRows.Saves(settings.Rank, k, nEmbd)) return Is(Delta, k, nEmbd);
        return Is(Left, k, settings.Rank) ?? Is(Right, settings.Rank, nEmbd);

        string? Is(string name, int r, int c) => edit.Part(name) is { Shape: [var x, var y] } && x == r && y == c
            ? null : $"it has no part '{name}' of [{r},{c}]";
    }

    private static EditPart Part(Edit edit, string name) =>
        edit.Part(name) ?? throw new ArgumentException($"Memoir: edit {edit.Id} has no part '{name}'.");
}

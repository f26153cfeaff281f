using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// The sizes of one attention call and where its matrices lie: B sequences, T new positions each, C channels in
/// H heads of D, a cache of Capacity positions of which the first Length can be seen by someone.
/// </summary>
internal sealed record AttentionShape(int B, int T, int C, int H, int Capacity, int Length, int[] Past)
{
    private int D => C / H;

    public static AttentionShape Check(Tensor qkv, int heads, Tensor keys, Tensor values, ReadOnlySpan<int> past)
    {
        int B = past.Length, C = qkv.Columns / 3, longest = 0;
        for (int b = 0; b < B; b++)
        {
            if (past[b] < 0) throw new ArgumentException($"CausalAttention: {past[b]} cached positions in sequence {b}.");
            longest = Math.Max(longest, past[b]);
        }

        CheckSplit("CausalAttention", qkv, heads, B);
        if (keys.Shape != values.Shape || keys.Shape.Rank != 3 || keys.Shape[0] < B || keys.Shape[2] != C)
            throw new ArgumentException($"CausalAttention: keys {keys.Shape} and values {values.Shape}, expected [{B},S,{C}].");
        int T = qkv.Rows / B;
        if (longest + T > keys.Shape[1])
            throw new ArgumentException($"CausalAttention: {longest} cached + {T} new positions, the cache holds {keys.Shape[1]}.");
        return new AttentionShape(B, T, C, heads, keys.Shape[1], longest + T, past.ToArray());
    }

    /// <summary>Whole sequences, whose only positions are the new ones.</summary>
    public static AttentionShape Whole(Tensor qkv, int heads, int sequences)
    {
        CheckSplit("SelfAttention", qkv, heads, sequences);
        int T = qkv.Rows / sequences;
        return new AttentionShape(sequences, T, qkv.Columns / 3, heads, T, T, new int[sequences]);
    }

    /// <summary>How many columns each row of the scores may see, rows ordered sequence, head, position.</summary>
    public int[] Visible()
    {
        int[] visible = new int[B * H * T];
        for (int b = 0, r = 0; b < B; b++)
            for (int h = 0; h < H; h++)
                for (int t = 0; t < T; t++)
                    visible[r++] = Past[b] + t + 1;
        return visible;
    }

    /// <summary>Cached positions that come before each row of the scores, and before its sequence's new ones.</summary>
    public int[] FirstNew()
    {
        int[] first = new int[B * H * T];
        for (int b = 0; b < B; b++) first.AsSpan(b * H * T, H * T).Fill(Past[b]);
        return first;
    }

    /// <summary>Where each new position goes: rows of the cache <c>[B·Capacity,C]</c>.</summary>
    public int[] Slots()
    {
        int[] slots = new int[B * T];
        for (int b = 0, r = 0; b < B; b++)
            for (int t = 0; t < T; t++)
                slots[r++] = b * Capacity + Past[b] + t;
        return slots;
    }

    /// <summary>Queries (column 0), keys (C) or values (2C) of all new positions: <c>[B·T,C]</c>.</summary>
    public MatrixView New(Tensor qkv, int column) => new(qkv, column, B * T, C, 3 * C, 1);

    /// <summary>The same per head: <c>[B,H,T,D]</c>.</summary>
    public MatrixView NewPerHead(Tensor qkv, int column) => new(qkv, column, T, D, 3 * C, 1, B, (long)T * 3 * C, H, D);

    /// <summary>All cached keys or values per head: <c>[B,H,Length,D]</c>.</summary>
    public MatrixView All(Tensor cache) => new(cache, 0, Length, D, C, 1, B, (long)Capacity * C, H, D);

    /// <summary>Scores <c>[B·H·T,S]</c> per head: <c>[B,H,T,S]</c>.</summary>
    public MatrixView PerHead(Tensor scores) =>
        new(scores, 0, T, scores.Columns, scores.Columns, 1, B, (long)H * T * scores.Columns, H, (long)T * scores.Columns);

    /// <summary>Outputs per head, interleaved: <c>[B,H,T,D]</c>.</summary>
    public MatrixView Output(Tensor y) => new(y, 0, T, D, C, 1, B, (long)T * C, H, D);

    /// <summary>Q·Kᵀ, as far as somebody sees it; what lies beyond is left as it was.</summary>
    /// <param name="device">Computes it.</param>
    /// <param name="queries">Per head, <c>[B,H,T,D]</c>.</param>
    /// <param name="keys">Per head, <c>[B,H,Length,D]</c>.</param>
    /// <param name="scores"><c>[B·H·T,S]</c>.</param>
    public void Scores(Device device, MatrixView queries, MatrixView keys, Tensor scores)
    {
        foreach (AttentionPart part in Parts(device.EnoughRows))
            device.Gemm(part.OfNew(queries), part.SeenColumns(keys.Transposed), part.SeenColumns(part.OfNew(PerHead(scores))));
    }

    /// <summary>P·V; P is 0 where nobody sees it, so that it need not be read there.</summary>
    /// <param name="device">Computes it.</param>
    /// <param name="probabilities"><c>[B·H·T,S]</c>.</param>
    /// <param name="values">Per head, <c>[B,H,Length,D]</c>.</param>
    /// <param name="y"><c>[B·T,C]</c>.</param>
    public void Outputs(Device device, Tensor probabilities, MatrixView values, Tensor y)
    {
        foreach (AttentionPart part in Parts(device.EnoughRows))
            device.Gemm(part.SeenColumns(part.OfNew(PerHead(probabilities))), part.SeenRows(values), part.OfNew(Output(y)));
    }

    /// <summary>The new positions in order, so many at a time.</summary>
    private IEnumerable<AttentionPart> Parts(int rows)
    {
        rows = Math.Min(rows, T);
        for (int first = 0; first < T; first += rows)
        {
            int count = Math.Min(rows, T - first);
            yield return new AttentionPart(first, count, Length - T + first + count);
        }
    }

    private static void CheckSplit(string verb, Tensor qkv, int heads, int B)
    {
        int C = qkv.Columns / 3;
        if (B == 0 || qkv.Rows % B != 0) throw new ArgumentException($"{verb}: {qkv.Rows} rows for {B} sequences.");
        if (heads <= 0 || qkv.Columns != 3 * C || C % heads != 0)
            throw new ArgumentException($"{verb}: {qkv.Shape} does not split into q, k, v of {heads} heads.");
    }
}

/// <summary>
/// Some of the new positions of an attention call. The earlier ones see less than the later: what none of them sees need not be computed.
/// </summary>
/// <param name="First">The first of them.</param>
/// <param name="Rows">How many.</param>
/// <param name="Seen">How many columns of the scores some of them see.</param>
internal readonly record struct AttentionPart(int First, int Rows, int Seen)
{
    /// <summary>Their rows of a matrix with a row for each new position.</summary>
    public MatrixView OfNew(MatrixView all) => all with { Offset = all.Offset + (long)First * all.RowStride, Rows = Rows };

    /// <summary>The columns that they see.</summary>
    public MatrixView SeenColumns(MatrixView all) => all with { Columns = Seen };

    /// <summary>The rows that they see.</summary>
    public MatrixView SeenRows(MatrixView all) => all with { Rows = Seen };
}

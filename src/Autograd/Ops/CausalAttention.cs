using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// Multi-head attention of new positions to themselves and to cached ones. Sequence b has <c>past[b]</c> cached
    /// positions; its T new ones follow, each seeing everything up to itself. The new keys and values are written
    /// into the cache (which does not lengthen it: the caller says when they are there to stay).
    /// <list type="bullet">
    /// <item>Prefill: past 0, T the prompt length. Decoding: T = 1.</item>
    /// <item>Training one last position against a frozen context: T = 1, the gradient goes to the new position's
    /// query, key and value only. Play the tape before the cache is written again.</item>
    /// </list>
    /// </summary>
    /// <param name="qkv">Queries, keys, values side by side: <c>[B·T,3C]</c>.</param>
    /// <param name="heads">H; each head is D = C/H wide.</param>
    /// <param name="keys">Cached keys <c>[B,S,C]</c>; what is not written yet must be finite.</param>
    /// <param name="values">Cached values <c>[B,S,C]</c>, likewise.</param>
    /// <param name="past">Cached positions per sequence; B = its length.</param>
    /// <param name="scale">What scores are multiplied with, usually 1/√D; not negative.</param>
    /// <param name="window">How many positions each sees at most, itself and those just before it; 0 for all.</param>
    /// <returns>The heads' outputs side by side, <c>[B·T,C]</c>.</returns>
    /// <exception cref="ArgumentException">Shapes disagree, the cache is too short, or scale or window are negative.</exception>
    public static Variable CausalAttention(
        Variable qkv, int heads, Tensor keys, Tensor values, ReadOnlySpan<int> past, float scale, int window = 0)
    {
        ArgumentNullException.ThrowIfNull(qkv);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        AttentionShape shape = AttentionShape.Check(qkv.Value, heads, keys, values, past);
        (int B, int T, int C, int S) = (shape.B, shape.T, shape.C, shape.Length);
        Device device = qkv.Device;
        int[] slots = shape.Slots();
        device.Scatter(shape.New(qkv.Value, C), slots, AsRows(keys));
        device.Scatter(shape.New(qkv.Value, 2 * C), slots, AsRows(values));

        int[] visible = shape.Visible();
        Tensor scores = device.Allocate(B * heads * T, S); // becomes the probabilities in place
        Tensor y = device.Allocate(B * T, C);
        shape.Scores(device, shape.NewPerHead(qkv.Value, 0), shape.All(keys), scores);
        // Where a row is hidden p = 0, and so is dS.
        if (window > 0 && S > window)
            device.Rows<HideRow>(B * heads * T, Array.ConvertAll(visible, v => Math.Max(v - window, 0)), 0, scores);
        device.Rows<CausalSoftmaxRow>(B * heads * T, visible, scale, scores);
        shape.Outputs(device, scores, shape.All(values), y);

        return Tape.Record(y, [qkv], dY =>
        {
            // y = P·V ⇒ dP = dY·Vᵀ;  P = softmax(scale·S) ⇒ dS;  S = Q·Kᵀ ⇒ dQ = dS·K
            Tensor dScores = device.Allocate(B * heads * T, S);
            Tensor dQkv = device.Zeros(qkv.Shape);
            device.Gemm(shape.Output(dY), shape.All(values).Transposed, shape.PerHead(dScores));
            device.Rows<SoftmaxBackwardRow>(B * heads * T, visible, scale, scores, dScores);
            device.Gemm(shape.PerHead(dScores), shape.All(keys), shape.NewPerHead(dQkv, 0));

            // The new positions' own keys and values: dK = dSᵀ·Q, dV = Pᵀ·dY, of the columns that are theirs.
            Tensor newScores = device.Allocate(B * heads * T, T), dNewScores = device.Allocate(B * heads * T, T);
            device.Rows<ColumnsFromRow>(B * heads * T, shape.FirstNew(), 0, scores, newScores, dScores, dNewScores);
            device.Gemm(shape.PerHead(dNewScores).Transposed, shape.NewPerHead(qkv.Value, 0), shape.NewPerHead(dQkv, C));
            device.Gemm(shape.PerHead(newScores).Transposed, shape.Output(dY), shape.NewPerHead(dQkv, 2 * C));
            qkv.AddGradient(dQkv);
        });

        static Tensor AsRows(Tensor cache) => cache.Reshape(cache.Rows, cache.Columns);
    }
}

/// <summary>x = -∞ in as many leading columns as the index says, which softmax then gives no weight; in place.</summary>
internal readonly struct HideRow : IRowOp
{
    public static void Apply(RowOperands row) => row[0][..row.Index].Fill(float.NegativeInfinity);

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0];
        for (int c = GroupRow.Thread; c < row.Index; c += GroupRow.Threads) x[c] = float.NegativeInfinity;
    }
}

/// <summary>Softmax of scale·x over the visible columns (the index says how many), 0 beyond; in place.</summary>
internal readonly struct CausalSoftmaxRow : IRowOp
{
    public static void Apply(RowOperands row) => RowSoftmax.Forward(row[0], row.Index, row.Scalar);

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0];
        int visible = row.Index;
        float largest = float.NegativeInfinity, sum = 0;
        for (int c = GroupRow.Thread; c < visible; c += GroupRow.Threads) largest = x[c] > largest ? x[c] : largest;
        largest = row.Max(largest);
        for (int c = GroupRow.Thread; c < visible; c += GroupRow.Threads)
        {
            x[c] = VectorMath.Exp((x[c] - largest) * row.Scalar);
            sum += x[c];
        }

        float factor = 1 / row.Sum(sum);
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads) x[c] = c < visible ? x[c] * factor : 0;
    }
}

/// <summary>
/// dX = scale · p ⊙ (dP - p·dP) over the visible columns, 0 beyond; in place over dP. Operands: p, dP. Beyond, dP
/// comes from slots that nobody wrote: it may be infinite, and 0 · ∞ is NaN.
/// </summary>
internal readonly struct SoftmaxBackwardRow : IRowOp
{
    public static void Apply(RowOperands row) => RowSoftmax.Backward(row[0], row[1], row.Index, row.Scalar);

    public static void Apply(GroupRow row)
    {
        ArrayView<float> p = row[0], dP = row[1];
        int visible = row.Index;
        float dot = 0;
        for (int c = GroupRow.Thread; c < visible; c += GroupRow.Threads) dot += p[c] * dP[c];
        dot = row.Sum(dot);
        for (int c = GroupRow.Thread; c < p.IntLength; c += GroupRow.Threads) dP[c] = c < visible ? row.Scalar * p[c] * (dP[c] - dot) : 0;
    }
}

/// <summary>
/// Some columns from the index on, of two matrices at once. Operands: x <c>[R,S]</c>, its columns <c>[R,T]</c>, y, its columns.
/// </summary>
internal readonly struct ColumnsFromRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        row[0].Slice(row.Index, row[1].Length).CopyTo(row[1]);
        row[2].Slice(row.Index, row[3].Length).CopyTo(row[3]);
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0], ofX = row[1], y = row[2], ofY = row[3];
        for (int c = GroupRow.Thread; c < ofX.IntLength; c += GroupRow.Threads) (ofX[c], ofY[c]) = (x[row.Index + c], y[row.Index + c]);
    }
}

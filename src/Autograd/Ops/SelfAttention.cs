using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// Multi-head causal attention within whole sequences, as training reads them: each position sees itself and those before it.
    /// What <see cref="CausalAttention"/> computes of an empty cache, in the same bits, without writing keys and values anywhere.
    /// </summary>
    /// <param name="qkv">Queries, keys, values side by side: <c>[B·T,3C]</c>.</param>
    /// <param name="heads">H; each head is D = C/H wide.</param>
    /// <param name="sequences">B.</param>
    /// <param name="scale">What scores are multiplied with, usually 1/√D; not negative.</param>
    /// <param name="window">How many positions each sees at most, itself and those just before it; 0 for all.</param>
    /// <param name="starts">
    /// <c>[B·T]</c>: the first position of its sequence that each may see, where a sequence holds several documents; empty for 0.
    /// </param>
    /// <param name="dropout">Share of the probabilities that is dropped, see <see cref="Dropout"/>.</param>
    /// <param name="seed">Which.</param>
    /// <returns>The heads' outputs side by side, <c>[B·T,C]</c>.</returns>
    /// <exception cref="ArgumentException">Shapes disagree, scale or window are negative, or a position starts behind itself.</exception>
    public static Variable SelfAttention(
        Variable qkv, int heads, int sequences, float scale, int window = 0, ReadOnlySpan<int> starts = default, float dropout = 0,
        ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(qkv);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequences);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        AttentionShape shape = AttentionShape.Whole(qkv.Value, heads, sequences);
        (int B, int T, int C) = (shape.B, shape.T, shape.C);
        if (!starts.IsEmpty && starts.Length != B * T)
            throw new ArgumentException($"SelfAttention: {starts.Length} starts for {B}·{T} positions.");

        Device device = qkv.Device;
        int rows = B * heads * T;
        int[] visible = shape.Visible();
        Tensor p = device.Allocate(rows, T), y = device.Allocate(B * T, C); // p: the scores, then the probabilities
        shape.Scores(device, Queries(qkv.Value), Keys(qkv.Value), p);
        if ((window > 0 && window < T) || !starts.IsEmpty) device.Rows<HideRow>(rows, Hidden(shape, window, starts), 0, p);
        device.Rows<CausalSoftmaxRow>(rows, visible, scale, p);
        Tensor used = dropout == 0 ? p : Dropped(p, dropout, seed);
        shape.Outputs(device, used, Values(qkv.Value), y);

        return Tape.Record(y, [qkv], dY =>
        {
            // y = P·V ⇒ dP = dY·Vᵀ, dV = Pᵀ·dY;  P = softmax(scale·S) ⇒ dS;  S = Q·Kᵀ ⇒ dQ = dS·K, dK = dSᵀ·Q
            Tensor dQkv = device.Allocate(qkv.Shape), dP = device.Allocate(rows, T);
            device.Gemm(shape.PerHead(used).Transposed, shape.Output(dY), Values(dQkv));
            device.Gemm(shape.Output(dY), Values(qkv.Value).Transposed, shape.PerHead(dP));
            Tensor dS = dropout == 0 ? dP : Dropped(dP, dropout, seed);
            device.Rows<SoftmaxBackwardRow>(rows, visible, scale, p, dS);
            device.Gemm(shape.PerHead(dS), Keys(qkv.Value), Queries(dQkv));
            device.Gemm(shape.PerHead(dS).Transposed, Queries(qkv.Value), Keys(dQkv));
            qkv.AddGradient(dQkv);
        });

        MatrixView Queries(Tensor x) => shape.NewPerHead(x, 0);
        MatrixView Keys(Tensor x) => shape.NewPerHead(x, C);
        MatrixView Values(Tensor x) => shape.NewPerHead(x, 2 * C);
    }

    /// <summary>How many leading columns each row of the scores may not see: those before its window, or before its document.</summary>
    private static int[] Hidden(AttentionShape shape, int window, ReadOnlySpan<int> starts)
    {
        int[] hidden = new int[shape.B * shape.H * shape.T];
        for (int r = 0; r < hidden.Length; r++)
        {
            int b = r / (shape.H * shape.T), t = r % shape.T;
            int start = starts.IsEmpty ? 0 : starts[b * shape.T + t];
            if ((uint)start > (uint)t) throw new ArgumentException($"SelfAttention: position {t} of sequence {b} starts at {start}.");
            hidden[r] = window > 0 ? Math.Max(start, t + 1 - window) : start;
        }

        return hidden;
    }
}

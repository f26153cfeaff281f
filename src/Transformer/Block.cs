using Sharpformer.Autograd;
using Sharpformer.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer;

/// <summary>
/// One GPT-2 block: <c>mid = h + attn(ln_1(h))</c>, <c>x = ln_2(mid)</c>, <c>h' = mid + mlp(x)</c>.
/// </summary>
/// <param name="Norm1"><c>ln_1</c>.</param>
/// <param name="Attention"><c>attn</c>.</param>
/// <param name="Norm2"><c>ln_2</c>.</param>
/// <param name="Mlp"><c>mlp</c>.</param>
public sealed record Block(NormWeights Norm1, AttentionWeights Attention, NormWeights Norm2, MlpWeights Mlp)
{
    /// <summary>Carries new positions through the block; their keys and values go into the cache.</summary>
    /// <param name="h">Residual stream, <c>[B·T,C]</c>.</param>
    /// <param name="cache">Keys and values of earlier positions.</param>
    /// <param name="layer">This block's index.</param>
    /// <param name="past">Earlier positions per sequence.</param>
    /// <param name="slot">What sits beside the MLP, if anything.</param>
    /// <param name="rows">The only rows of the output that are wanted; null for all.</param>
    /// <returns><c>[B·T,C]</c> or <c>[rows,C]</c>.</returns>
    public Variable Forward(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, FeedForwardSlot? slot = null, int[]? rows = null)
    {
        (Variable mid, Variable x) = Middle(h, cache, layer, past, rows);
        Variable output = Add(mid, Mlp.Forward(x));
        return slot?.Output(x) is { } beside ? Add(output, beside) : output;
    }

    /// <summary>x alone, at some rows: the block up to where its MLP begins.</summary>
    /// <returns><c>[rows,C]</c>.</returns>
    public Variable MlpInput(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, int[] rows) => Middle(h, cache, layer, past, rows).X;

    private (Variable Mid, Variable X) Middle(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, int[]? rows)
    {
        ArgumentNullException.ThrowIfNull(h);
        ArgumentNullException.ThrowIfNull(cache);
        Variable attention = Attention.Forward(Norm1.Forward(h), cache.Keys(layer), cache.Values(layer), past, rows);
        return AddLayerNorm(rows is null ? h : Embedding(h, rows), attention, Norm2.Gain, Norm2.Bias, Norm2.Epsilon);
    }
}

/// <summary>A layer norm's parameters, each <c>[C]</c>.</summary>
/// <param name="Gain"><c>weight</c>.</param>
/// <param name="Bias"><c>bias</c>.</param>
/// <param name="Epsilon">ε.</param>
public sealed record NormWeights(Tensor Gain, Tensor Bias, float Epsilon)
{
    /// <summary>Normalises each row of x <c>[rows,C]</c>.</summary>
    public Variable Forward(Variable x) => LayerNorm(x, Gain, Bias, Epsilon);
}

/// <summary>Causal self-attention: <c>c_attn</c> makes queries, keys and values, <c>c_proj</c> mixes the heads.</summary>
/// <param name="Heads">H.</param>
/// <param name="QkvWeight"><c>c_attn.weight [C,3C]</c>.</param>
/// <param name="QkvBias"><c>c_attn.bias [3C]</c>.</param>
/// <param name="ProjectionWeight"><c>c_proj.weight [C,C]</c>.</param>
/// <param name="ProjectionBias"><c>c_proj.bias [C]</c>.</param>
public sealed record AttentionWeights(int Heads, Tensor QkvWeight, Tensor QkvBias, Tensor ProjectionWeight, Tensor ProjectionBias)
{
    /// <summary>
    /// New positions attend to cached ones and to themselves: x <c>[B·T,C]</c> to <c>[B·T,C]</c>, or to the
    /// <paramref name="rows"/> that are wanted.
    /// </summary>
    public Variable Forward(Variable x, Tensor keys, Tensor values, ReadOnlySpan<int> past, int[]? rows = null)
    {
        Variable qkv = Linear(x, QkvWeight, QkvBias);
        float scale = 1 / MathF.Sqrt((float)(ProjectionWeight.Columns / Heads));
        Variable heads = CausalAttention(qkv, Heads, keys, values, past, scale);
        return Linear(rows is null ? heads : Embedding(heads, rows), ProjectionWeight, ProjectionBias);
    }
}

/// <summary>The feed-forward part: up to NInner channels, GELU, back down.</summary>
/// <param name="UpWeight"><c>c_fc.weight [C,NInner]</c>.</param>
/// <param name="UpBias"><c>c_fc.bias [NInner]</c>.</param>
/// <param name="DownWeight"><c>c_proj.weight [NInner,C]</c>.</param>
/// <param name="DownBias"><c>c_proj.bias [C]</c>.</param>
public sealed record MlpWeights(Tensor UpWeight, Tensor UpBias, Tensor DownWeight, Tensor DownBias)
{
    /// <summary>x <c>[rows,C]</c> to <c>[rows,C]</c>.</summary>
    public Variable Forward(Variable x) => Linear(BiasGelu(MatMul(x, UpWeight), UpBias), DownWeight, DownBias);
}

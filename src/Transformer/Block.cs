using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer;

/// <summary>
/// One block: <c>mid = h + attn(ln_1(h))</c>, <c>x = ln_2(mid)</c>, <c>h' = mid + mlp(x)</c>. Where there is no
/// <c>ln_2</c>, attention and MLP stand side by side: <c>x = ln_1(h)</c>, and the rest is the same.
/// </summary>
/// <param name="Norm1"><c>ln_1</c>.</param>
/// <param name="Attention"><c>attn</c>.</param>
/// <param name="Norm2"><c>ln_2</c>; null in a parallel block (GPT-J).</param>
/// <param name="Mlp"><c>mlp</c>.</param>
public sealed record Block(NormWeights Norm1, AttentionWeights Attention, NormWeights? Norm2, MlpWeights Mlp)
{
    /// <summary>All that is learnt.</summary>
    public IEnumerable<Variable> Weights => [.. Norm1.Weights, .. Attention.Weights, .. Norm2?.Weights ?? [], .. Mlp.Weights];

    /// <summary>The same block with each weight replaced by what <paramref name="change"/> makes of it.</summary>
    public Block With(Func<Variable, Variable> change) =>
        new(Norm1.With(change), Attention.With(change), Norm2?.With(change), Mlp.With(change));

    /// <summary>The same block with each linear map replaced by what <paramref name="change"/> makes of it.</summary>
    internal Block WithMaps(Func<LinearWeights, LinearWeights> change) => this with
    {
        Attention = Attention with { Qkv = change(Attention.Qkv), Output = change(Attention.Output) },
        Mlp = Mlp with { Up = change(Mlp.Up), Down = change(Mlp.Down) },
    };

    /// <summary>Carries new positions through the block; their keys and values go into the cache.</summary>
    /// <param name="h">Residual stream, <c>[B·T,C]</c>.</param>
    /// <param name="cache">Keys and values of earlier positions.</param>
    /// <param name="layer">This block's index.</param>
    /// <param name="past">Earlier positions per sequence.</param>
    /// <param name="rows">The only rows of the output that are wanted; null for all.</param>
    /// <returns><c>[B·T,C]</c> or <c>[rows,C]</c>.</returns>
    public Variable Forward(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, int[]? rows = null) =>
        Forward(h, cache, layer, past, rows, shared: null);

    /// <summary>
    /// The same, where whole sequences may share beginnings: h and what comes out then have a row for each different one, <c>[U,C]</c>.
    /// </summary>
    internal Variable Forward(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, int[]? rows, SharedBeginnings? shared)
    {
        (Variable mid, Variable x) = Middle(h, cache, layer, past, rows, passage: null, shared);
        return Add(mid, Mlp.Forward(x));
    }

    /// <summary>The same with something in its openings, which sees all rows.</summary>
    internal Variable Forward(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, Passage passage)
    {
        (Variable mid, Variable x) = Middle(h, cache, layer, past, rows: null, passage);
        Variable hidden = passage.At(Site.MlpHidden, Mlp.Hidden(passage.At(Site.MlpInput, x)));
        Variable output = passage.At(Site.MlpOutput, Mlp.Down.Forward(hidden));
        return passage.At(Site.BlockOutput, Add(mid, output));
    }

    /// <summary>Carries whole sequences through the block, as training reads them.</summary>
    /// <param name="h">Residual stream, <c>[B·T,C]</c>.</param>
    /// <param name="sequences">How they lie there.</param>
    /// <param name="layer">This block's index.</param>
    /// <returns><c>[B·T,C]</c>.</returns>
    internal Variable Forward(Variable h, WholeSequences sequences, int layer)
    {
        Variable normed = Norm1.Forward(h);
        Variable attention = sequences.Dropped(Attention.Forward(normed, sequences, layer), layer, DropoutSite.Attention);
        (Variable mid, Variable x) = Norm2 is null
            ? (Add(h, attention), normed)
            : AddLayerNorm(h, attention, Norm2.Gain, Norm2.Bias, Norm2.Epsilon);
        return Add(mid, sequences.Dropped(Mlp.Forward(x), layer, DropoutSite.Mlp));
    }

    /// <summary>x alone, at some rows: the block up to where its MLP begins.</summary>
    /// <returns><c>[rows,C]</c>.</returns>
    public Variable MlpInput(Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, int[] rows) =>
        Norm2 is null ? Norm1.Forward(Embedding(h, rows)) : Middle(h, cache, layer, past, rows).X;

    private (Variable Mid, Variable X) Middle(
        Variable h, KvCache cache, int layer, ReadOnlySpan<int> past, int[]? rows, Passage? passage = null, SharedBeginnings? shared = null)
    {
        ArgumentNullException.ThrowIfNull(h);
        ArgumentNullException.ThrowIfNull(cache);
        Variable normed = Norm1.Forward(h);
        bool isPlayedBack = normed.RequiresGradient || passage?.Changes(Site.Qkv) == true
            || Attention.Qkv.Weights.Any(weight => weight.RequiresGradient);
        (Tensor keys, Tensor values) = isPlayedBack ? cache.Lasting(layer) : (cache.Keys(layer), cache.Values(layer));
        Variable attention = Attention.Forward(normed, keys, values, past, shared?.Different ?? rows, passage, shared?.RowOf);
        Variable below = Wanted(h);
        return Norm2 is null
            ? (Add(below, attention), Wanted(normed))
            : AddLayerNorm(below, attention, Norm2.Gain, Norm2.Bias, Norm2.Epsilon);

        Variable Wanted(Variable all) => rows is null ? all : Embedding(all, rows);
    }
}

/// <summary>A layer norm's weights, each <c>[C]</c>.</summary>
/// <param name="Gain"><c>weight</c>.</param>
/// <param name="Bias"><c>bias</c>.</param>
/// <param name="Epsilon">ε.</param>
public sealed record NormWeights(Variable Gain, Variable Bias, float Epsilon)
{
    /// <summary>All that is learnt.</summary>
    public IEnumerable<Variable> Weights => [Gain, Bias];

    /// <summary>The same with each weight replaced.</summary>
    public NormWeights With(Func<Variable, Variable> change) => new(change(Gain), change(Bias), Epsilon);

    /// <summary>Normalises each row of x <c>[rows,C]</c>.</summary>
    public Variable Forward(Variable x) => LayerNorm(x, Gain, Bias, Epsilon);
}

/// <summary>A linear map, or several whose outputs stand side by side.</summary>
/// <param name="Matrices">Stored <c>[in,out]</c>, or <c>[out,in]</c>.</param>
/// <param name="Bias">One row of the output; null for none.</param>
/// <param name="IsOutIn">Whether matrices are stored <c>[out,in]</c>.</param>
public sealed record LinearWeights(IReadOnlyList<Variable> Matrices, Variable? Bias, bool IsOutIn)
{
    /// <summary>What is added to each matrix, null where nothing is; empty where nothing is added at all.</summary>
    public IReadOnlyList<LowRank?> Additions { get; init; } = [];

    /// <summary>
    /// Is shown what passes: the input <c>[rows,in]</c> and the product <c>[rows,out]</c>. Of the product it is the gradient that counts,
    /// once there is one: the value may have been written over.
    /// </summary>
    internal Action<Variable, Variable>? Watch { get; init; }

    /// <summary>All that is learnt.</summary>
    public IEnumerable<Variable> Weights =>
        [.. Matrices, .. Bias is null ? [] : (Variable[])[Bias], .. Additions.SelectMany(a => a is null ? [] : (Variable[])[a.A, a.B])];

    /// <summary>The same with each weight replaced.</summary>
    public LinearWeights With(Func<Variable, Variable> change) =>
        new([.. Matrices.Select(change)], Bias is null ? null : change(Bias), IsOutIn)
        {
            Additions = [.. Additions.Select(a => a is null ? null : a with { A = change(a.A), B = change(a.B) })],
            Watch = Watch,
        };

    /// <summary>x <c>[rows,in]</c> to <c>[rows,out]</c>.</summary>
    public Variable Forward(Variable x) => Watched(x, Linear(x, Matrices, Bias, IsOutIn, Additions));

    /// <summary>The same without the bias, for whoever adds it along with something else.</summary>
    public Variable Product(Variable x) => Watched(x, MatMul(x, Matrices, IsOutIn, Additions));

    private Variable Watched(Variable x, Variable y)
    {
        Watch?.Invoke(x, y);
        return y;
    }
}

/// <summary>Causal self-attention: queries, keys and values side by side, and the map that mixes the heads.</summary>
/// <param name="Heads">H.</param>
/// <param name="Qkv">From C to 3C channels.</param>
/// <param name="Output">From C to C channels.</param>
/// <param name="Scale">What scores are multiplied with before the softmax.</param>
/// <param name="Window">How many positions each sees at most, itself included; 0 for all.</param>
/// <param name="Rotary">Angles that queries and keys turn by, see <see cref="Ops.Rotary"/>; null for none.</param>
public sealed record AttentionWeights(
    int Heads, LinearWeights Qkv, LinearWeights Output, float Scale, int Window = 0, Tensor? Rotary = null)
{
    /// <summary>All that is learnt.</summary>
    public IEnumerable<Variable> Weights => [.. Qkv.Weights, .. Output.Weights];

    /// <summary>The same with each weight replaced.</summary>
    public AttentionWeights With(Func<Variable, Variable> change) => this with { Qkv = Qkv.With(change), Output = Output.With(change) };

    /// <summary>
    /// New positions attend to cached ones and to themselves: x <c>[B·T,C]</c> to <c>[B·T,C]</c>, or to the
    /// <paramref name="rows"/> that are wanted.
    /// </summary>
    public Variable Forward(Variable x, Tensor keys, Tensor values, ReadOnlySpan<int> past, int[]? rows = null) =>
        Forward(x, keys, values, past, rows, passage: null);

    /// <summary>
    /// The same with something in the block's openings, and where one row of x may stand for several positions: whose is whose says
    /// <paramref name="rowOf"/>, <c>[B·T]</c>; null for each its own.
    /// </summary>
    internal Variable Forward(
        Variable x, Tensor keys, Tensor values, ReadOnlySpan<int> past, int[]? rows, Passage? passage, int[]? rowOf = null)
    {
        Variable qkv = Qkv.Forward(x);
        if (rowOf is not null) qkv = Embedding(qkv, rowOf);
        if (Rotary is not null) qkv = Ops.Rotary(qkv, Heads, Rotary, past);
        if (passage is not null) qkv = passage.At(Site.Qkv, qkv);
        Variable heads = CausalAttention(qkv, Heads, keys, values, past, Scale, Window);
        return Output.Forward(rows is null ? heads : Embedding(heads, rows));
    }

    /// <summary>Whole sequences attend to themselves: x <c>[B·T,C]</c> to <c>[B·T,C]</c>.</summary>
    internal Variable Forward(Variable x, WholeSequences sequences, int layer)
    {
        Variable qkv = Qkv.Forward(x);
        if (Rotary is not null) qkv = Ops.Rotary(qkv, Heads, Rotary, new int[sequences.B]); // what counts is how far apart two are
        return Output.Forward(SelfAttention(
            qkv, Heads, sequences.B, Scale, Window, sequences.Starts, sequences.Dropout, sequences.Seed(layer, DropoutSite.Probabilities)));
    }
}

/// <summary>The feed-forward part: up to NInner channels, the activation, back down.</summary>
/// <param name="Up">From C to NInner channels, with bias.</param>
/// <param name="Down">From NInner to C channels.</param>
/// <param name="Activation">What happens in between.</param>
public sealed record MlpWeights(LinearWeights Up, LinearWeights Down, Activation Activation)
{
    /// <summary>All that is learnt.</summary>
    public IEnumerable<Variable> Weights => [.. Up.Weights, .. Down.Weights];

    /// <summary>The same with each weight replaced.</summary>
    public MlpWeights With(Func<Variable, Variable> change) => new(Up.With(change), Down.With(change), Activation);

    /// <summary>x <c>[rows,C]</c> to <c>[rows,C]</c>.</summary>
    public Variable Forward(Variable x) => Down.Forward(Hidden(x));

    /// <summary>The inner channels, x <c>[rows,C]</c> to <c>[rows,NInner]</c>.</summary>
    public Variable Hidden(Variable x) => BiasActivate(Up.Product(x), Up.Bias!, Activation);
}

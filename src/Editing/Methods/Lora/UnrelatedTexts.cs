using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Lora;

/// <summary>
/// Texts that the model has written before it is trained: on them it shall go on predicting what it did. Some of them are looked at in
/// each step, one portion after the other.
/// </summary>
internal sealed class UnrelatedTexts
{
    private readonly CausalLm model;
    private readonly int[][] texts;
    private readonly int portion;
    private int next;

    /// <summary>Lets the model write them.</summary>
    /// <param name="model">The model before it is trained.</param>
    /// <param name="count">How many.</param>
    /// <param name="portion">How many are looked at in a step.</param>
    /// <param name="rng">Where the texts come from.</param>
    /// <param name="context">Knows how texts begin and end.</param>
    public UnrelatedTexts(CausalLm model, int count, int portion, Rng rng, TeachingContext context)
    {
        (this.model, this.portion) = (model, Math.Min(portion, count));
        texts = WrittenTexts.FromNothing(
            model, count, WrittenTexts.Shortest, WrittenTexts.Longest, i => rng.Fork((ulong)i), context.BosId, context.EosId,
            context.Cancellation);
    }

    /// <summary>The mean divergence at all positions of the next portion, <c>[1]</c>.</summary>
    /// <param name="trained">The model as it is now.</param>
    public Variable Divergence(CausalLm trained)
    {
        int[][] some = [.. Enumerable.Range(next, portion).Select(i => texts[i % texts.Length])];
        next = (next + portion) % texts.Length;
        var tokens = new TokenBatch(some);
        int[] rows = [.. Enumerable.Range(0, tokens.B).SelectMany(b => Enumerable.Range(b * tokens.T, tokens.Lengths[b]))];
        Tensor before = Logits(model).Value;
        return Ops.Scale(Ops.Sum(Ops.Divergence(Logits(trained), before)), 1f / rows.Length);

        Variable Logits(CausalLm of) => of.Logits(of.Hidden(tokens, of.NewCache(tokens.B, tokens.T, of.Blocks.Count), rows: rows));
    }
}

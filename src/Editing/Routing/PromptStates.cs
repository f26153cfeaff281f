using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Routing;

/// <summary>
/// What a model makes of whole prompts at one site of one block; nothing above that block runs. What comes out for a prompt does not
/// depend on which others stand beside it.
/// </summary>
internal static class PromptStates
{
    /// <summary>What passes at the last token of each prompt, <c>[prompts,W]</c>.</summary>
    public static Tensor Last(
        CausalLm model, int block, Site site, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default) =>
        Of(model, block, site, prompts, (rows, tokens) => Ops.Embedding(rows, tokens.LastRows()).Value.ToArray(), cancellation);

    /// <summary>The mean of what passes at the tokens of each prompt, <c>[prompts,W]</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="block">The block, 0-based.</param>
    /// <param name="site">Where in it.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="first">The first token that counts; the last one of each prompt always does.</param>
    /// <param name="cancellation">Checked between batches.</param>
    public static Tensor Mean(
        CausalLm model, int block, Site site, IReadOnlyList<int[]> prompts, int first = 0, CancellationToken cancellation = default) =>
        Of(model, block, site, prompts, (rows, tokens) => MeanOf(rows, tokens, first), cancellation);

    /// <summary>The mean over prompts of what <see cref="Mean"/> gives for each, <c>[W]</c>.</summary>
    /// <inheritdoc cref="Mean"/>
    public static float[] MeanOverPrompts(
        CausalLm model, int block, Site site, IReadOnlyList<int[]> prompts, int first = 0, CancellationToken cancellation = default)
    {
        using BufferScope scope = model.Device.Scope();
        Tensor each = Mean(model, block, site, prompts, first, cancellation);
        (float[] means, int width) = (each.ToArray(), each.Columns);
        return [.. Enumerable.Range(0, width).Select(c =>
            (float)Enumerable.Range(0, prompts.Count).Average(i => (double)means[(i * width) + c]))];
    }

    /// <summary>The mean over the tokens of each sequence of rows <c>[B·T,W]</c>, in float64.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="tokens">How they lie there.</param>
    /// <param name="first">The first token that counts.</param>
    public static float[] MeanOf(Tensor rows, TokenBatch tokens, int first = 0)
    {
        float[] all = rows.ToArray(), means = new float[tokens.B * rows.Columns];
        var sum = new double[rows.Columns];
        for (int b = 0; b < tokens.B; b++)
        {
            Array.Clear(sum);
            int from = Math.Min(first, tokens.Lengths[b] - 1);
            for (int t = from; t < tokens.Lengths[b]; t++)
            {
                ReadOnlySpan<float> row = all.AsSpan(((b * tokens.T) + t) * sum.Length, sum.Length);
                for (int c = 0; c < sum.Length; c++) sum[c] += row[c];
            }

            for (int c = 0; c < sum.Length; c++) means[(b * sum.Length) + c] = (float)(sum[c] / (tokens.Lengths[b] - from));
        }

        return means;
    }

    /// <summary>Something that is made of what passes at all tokens of some prompts, a row each.</summary>
    /// <param name="model">The model.</param>
    /// <param name="block">The block, 0-based.</param>
    /// <param name="site">Where in it.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="make">Given rows <c>[B·T,…]</c> and how they lie there, it makes <c>[B,W]</c>.</param>
    /// <param name="cancellation">Checked between batches.</param>
    public static Tensor Of(
        CausalLm model, int block, Site site, IReadOnlyList<int[]> prompts, Func<Tensor, TokenBatch, float[]> make,
        CancellationToken cancellation = default)
    {
        if (prompts.Count == 0) throw new ArgumentException("PromptStates: no prompts.");
        CausalLm lower = model.UpTo(block + 1);
        float[] states = [];
        int width = 0;
        foreach (int[] batch in TokenBatch.SimilarLengths([.. prompts.Select(prompt => prompt.Length)]))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope pass = model.Device.Scope();
            var tokens = new TokenBatch([.. batch.Select(i => prompts[i])]);
            float[] made = [];
            Opening look = Opening.Look(block, site, Reach.All, passing => made = make(passing.Value, tokens));
            lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, lower.Blocks.Count), [look]);
            if (width == 0) states = new float[prompts.Count * (width = made.Length / batch.Length)];
            for (int b = 0; b < batch.Length; b++) made.AsSpan(b * width, width).CopyTo(states.AsSpan(batch[b] * width));
        }

        return model.Device.From(states, prompts.Count, width);
    }
}

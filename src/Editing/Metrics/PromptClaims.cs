using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>Which edits would answer prompts, the strongest as well as those that it outdoes.</summary>
public static class PromptClaims
{
    private const int PromptsAtOnce = 512;

    /// <summary>For each prompt the edits above their threshold at its last token, the strongest of each memory first.</summary>
    /// <param name="model">The edited model.</param>
    /// <param name="prompts">Tokens of the prompts.</param>
    /// <param name="cancellation">Checked between batches of prompts.</param>
    public static IReadOnlyList<Firing>[] Of(EditedModel model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        var claims = new IReadOnlyList<Firing>[prompts.Count];
        foreach (int[] chunk in Enumerable.Range(0, claims.Length).OrderBy(i => prompts[i].Length).Chunk(PromptsAtOnce))
        {
            using BufferScope scope = model.Base.Device.Scope();
            int[][] texts = [.. chunk.Select(i => prompts[i])];
            foreach ((int i, IReadOnlyList<Firing> of) in chunk.Zip(OfChunk(model, texts, cancellation))) claims[i] = of;
        }

        return claims;
    }

    private static IReadOnlyList<Firing>[] OfChunk(EditedModel model, int[][] texts, CancellationToken cancellation)
    {
        int[] ends = [.. texts.Select(text => text.Length - 1)];
        if (!model.IsTraceable) return Comparison.Run(model, texts, ends, cancellation: cancellation).Claims();
        if (model.Memories is not [var memory]) return [.. texts.Select(_ => Array.Empty<Firing>())];
        return memory.Claims(Trace.Inputs(model.Base, texts, ends, memory.Block, cancellation), RowTokens.AtEnds(texts));
    }
}

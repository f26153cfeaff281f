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
        return ByLength.Ask(
            model.Base.Device, prompts, prompt => prompt.Length, PromptsAtOnce, chunk => OfChunk(model, chunk, cancellation),
            progress: null, cancellation);
    }

    private static IReadOnlyList<Firing>[] OfChunk(EditedModel model, int[][] texts, CancellationToken cancellation)
    {
        int[] ends = [.. texts.Select(text => text.Length - 1)];
        if (!model.IsTraceable) return Comparison.Run(model, texts, ends, cancellation: cancellation).Claims();
        IReadOnlyList<Firing>[][] all =
        [
            .. model.Routers.Select(router => router.Claims(router.Read(model.Base, texts, cancellation), RowTokens.AtEnds(texts))),
            .. model.Memories.Select(memory => memory.Claims(
                Trace.Inputs(model.Base, texts, ends, memory.Block, cancellation), RowTokens.AtEnds(texts))),
        ];
        return [.. Enumerable.Range(0, texts.Length).Select(r => (IReadOnlyList<Firing>)[.. all.SelectMany(claims => claims[r])])];
    }
}

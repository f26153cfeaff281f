using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Routing;

/// <summary>Settings of methods whose edits are found by what their prompts are about.</summary>
internal interface IEmbeddedSettings
{
    /// <summary>The block by whose output texts are compared, 0-based.</summary>
    int Layer { get; }
}

/// <summary>
/// What edits hold that are found by what their prompts are about: <c>key</c> <c>[C]</c>, the prompt's embedding, and how prompts are
/// embedded, see <see cref="PromptEmbedding"/>.
/// </summary>
internal static class EmbeddedKeys
{
    /// <summary>The name of the part that an edit is found by.</summary>
    public const string KeyName = "key";

    /// <summary>The parts of some requests, each as it would be alone.</summary>
    /// <param name="embedding">How prompts are embedded.</param>
    /// <param name="model">The base model.</param>
    /// <param name="requests">The requests.</param>
    /// <param name="cancellation">Checked between batches.</param>
    public static EditPart[][] Parts(
        PromptEmbedding embedding, CausalLm model, IReadOnlyList<TokenizedRequest> requests, CancellationToken cancellation)
    {
        using BufferScope scope = model.Device.Scope();
        float[] keys = embedding.Embed(model, [.. requests.Select(request => request.Tokens.Prompt)], cancellation).ToArray();
        int C = model.Config.NEmbd;
        return [.. requests.Select((_, i) =>
            (EditPart[])[new EditPart(KeyName, [C], keys[(i * C)..((i + 1) * C)]), .. embedding.Parts()])];
    }

    /// <summary>
    /// How prompts are embedded: as the edits that are there have it, or else made once for a run.
    /// </summary>
    /// <param name="known">An edit of the same method that is there; null for none.</param>
    /// <param name="block">The block.</param>
    /// <param name="seed">Seeds the unrelated texts.</param>
    /// <param name="model">The base model.</param>
    /// <param name="context">What the run has made already.</param>
    public static PromptEmbedding Embedding(PromptEmbedding? known, int block, ulong seed, CausalLm model, TeachingContext context) =>
        known is not null && known.Block == block ? known
            : context.Once(() => new Made()).Of(block, seed, () => PromptEmbedding.Make(
                model, block, context.BosId, context.EosId, seed, context.Cancellation));

    /// <summary>Says what keeps an edit's parts from being these; null where nothing does.</summary>
    public static string? Misfit(Edit edit, int nEmbd)
    {
        if (edit.Part(KeyName) is not { } key) return $"it has no part '{KeyName}'";
        return key.Shape is [var n] && n == nEmbd
            ? PromptEmbedding.Misfit(edit, nEmbd)
            : $"part '{KeyName}' is [{string.Join(',', key.Shape)}], expected [{nEmbd}]";
    }

    /// <summary>What a run has made already.</summary>
    private sealed class Made
    {
        private readonly Dictionary<(int Block, ulong Seed), PromptEmbedding> embeddings = [];

        public PromptEmbedding Of(int block, ulong seed, Func<PromptEmbedding> make)
        {
            if (!embeddings.TryGetValue((block, seed), out PromptEmbedding? made)) embeddings.Add((block, seed), made = make());
            return made;
        }
    }
}

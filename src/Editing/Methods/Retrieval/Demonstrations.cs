using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Retrieval;

/// <summary>
/// Other facts at hand that show a model what it means to be given a fact, the most similar ones to that which is taught (IKE, section 3.2:
/// demonstrations by similarity, in reverse order).
/// </summary>
internal sealed class Demonstrations
{
    private readonly EditRequest[] facts;
    private readonly float[] embeddings; // [facts,C]
    private readonly Func<TokenizedRequest, float[]> embed;

    /// <summary>Embeds the facts.</summary>
    /// <exception cref="InputException">There are none.</exception>
    public Demonstrations(CausalLm model, PromptEmbedding embedding, Tokenizer tokenizer, TeachingContext context)
    {
        facts = [.. context.Facts.DistinctBy(fact => (fact.Prompt, fact.Target))];
        if (facts.Length < 2)
            throw new InputException("Demonstrations are other facts of the same run, and there are none.", "teach several facts at once.");
        embed = request => Embedded([request.Tokens.Prompt]);
        int[][] prompts = [.. facts.Select(fact => tokenizer.Encode(fact.Prompt))];
        embeddings = Embedded([.. prompts.Select(prompt => prompt[..Math.Min(prompt.Length, model.Config.NPositions)])]);

        float[] Embedded(int[][] texts)
        {
            using BufferScope scope = model.Device.Scope();
            return embedding.Embed(model, texts, context.Cancellation).ToArray();
        }
    }

    /// <summary>What is shown before a fact, the most similar last.</summary>
    public IReadOnlyList<string> For(TokenizedRequest request, RetrievalSettings settings)
    {
        float[] own = embed(request);
        int C = own.Length;
        IEnumerable<int> nearest = Enumerable.Range(0, facts.Length)
            .Where(i => facts[i].Prompt != request.Request.Prompt)
            .OrderByDescending(i => own.Zip(embeddings.AsSpan(i * C, C).ToArray(), (x, y) => (double)x * y).Sum()).ThenBy(i => i)
            .Take(settings.Demonstrations);
        return [.. nearest.Reverse().Select(i => ContextText.Filled(settings.Demonstration, facts[i]))];
    }
}

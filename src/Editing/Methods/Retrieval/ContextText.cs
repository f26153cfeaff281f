using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Retrieval;

/// <summary>What is put before a prompt that a fact answers, and what methods have in common that do so.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="positions">The model's positions.</param>
internal sealed class ContextText(Tokenizer tokenizer, int positions)
{
    /// <summary>Requests of a portion; each is what it would be alone.</summary>
    public const int Together = 256;

    /// <summary>Where the fact stands in a template.</summary>
    public const string Fact = "{fact}";

    /// <summary>Why a template cannot be used; null where it can.</summary>
    public static string? Refusal(string setting, string template) => template.Contains(Fact, StringComparison.Ordinal)
        ? null
        : $"Setting {setting} is {Quoted.Text(template)}, expected a text with {Fact} where the fact stands.";

    /// <summary>A pass of each prompt through the lower half of the model, and of the unrelated texts where they are written.</summary>
    /// <inheritdoc cref="IEditor.Costs"/>
    public static EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, int layer, bool makesEmbedding)
    {
        var model = new ModelCosts(config);
        double tokens = requests.Sum(request => (double)request.Tokens.Prompt.Length), flops = tokens * (layer + 1) * model.Block;
        if (makesEmbedding) // written once, read twice
            flops += PromptEmbedding.TokensToMake * (((config.NLayer + (2.0 * (layer + 1))) * model.Block) + model.Head);
        return new EditorCosts((int)Portions.Of(requests.Count, Together).Count, flops, TokenBatch.TokensAtOnce)
        {
            Memory = sizeof(float) * (double)TokenBatch.TokensAtOnce * ((8 * config.NEmbd) + (2 * config.NInner)),
            Stored = requests.Sum(request => (2.0 * config.NEmbd) + 1 + request.Tokens.Prompt.Length + request.Tokens.Target.Length),
        };
    }

    /// <summary>A template with a fact in it.</summary>
    public static string Filled(string template, EditRequest fact) =>
        template.Replace(Fact, fact.Prompt + TextRules.Default.Continuation(fact.Target), StringComparison.Ordinal);

    /// <summary>
    /// The tokens that are put before prompts that a request answers; what is shown first is left out where there is no room.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="template">How its fact is said.</param>
    /// <param name="shown">Texts before it.</param>
    /// <exception cref="InputException">The fact, its own prompt and its answer are more than the model's positions.</exception>
    public int[] Of(TokenizedRequest request, string template, IReadOnlyList<string> shown)
    {
        int[] text = tokenizer.Encode(string.Concat(shown) + Filled(template, request.Request));
        int needed = text.Length + request.Tokens.Input.Length;
        if (needed <= positions) return text;
        return shown.Count > 0 ? Of(request, template, [.. shown.Skip(1)]) : throw new InputException(
            $"What is put before {Quoted.Text(request.Request.Prompt)} has {text.Length} tokens; with the prompt and its answer they are "
                + $"{needed}, the model's positions are {positions}.",
            "a shorter template leaves more room.");
    }
}

using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Asking;

/// <summary>Asks a model many prompts at once.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
internal sealed class Examiner(CausalLm model, Tokenizer tokenizer)
{
    /// <summary>Whether the likeliest next token is the first of a right answer, for each prompt.</summary>
    /// <exception cref="InputException">A prompt is longer than the model's positions.</exception>
    public bool[] AreRight(IReadOnlyList<Ask> asks)
    {
        int[][] prompts = [.. asks.Select(ask => model.CheckedPrompt(tokenizer.Encode(ask.Prompt)))];
        bool[] right = new bool[asks.Count];
        foreach (int[] chosen in TokenBatch.SimilarLengths([.. prompts.Select(prompt => prompt.Length)]))
        {
            using BufferScope scope = model.Device.Scope();
            var tokens = new TokenBatch([.. chosen.Select(i => prompts[i])]);
            KvCache cache = model.NewCache(tokens.B, tokens.T, firstKept: model.Blocks.Count);
            int[] said = model.Device.ArgMax(model.Logits(model.Hidden(tokens, cache, rows: tokens.LastRows())).Value);
            for (int b = 0; b < chosen.Length; b++)
                right[chosen[b]] = asks[chosen[b]].Answers.Any(answer => tokenizer.EncodeContinuation(" " + answer)[0] == said[b]);
        }

        return right;
    }
}

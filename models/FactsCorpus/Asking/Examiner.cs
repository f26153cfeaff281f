using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Asking;

/// <summary>Asks a model many prompts at once.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
internal sealed class Examiner(CausalLm model, Tokenizer tokenizer)
{
    /// <summary>
    /// For each prompt, whether the likeliest next token is the first of a right answer, and whether the likeliest tokens all through are
    /// the whole of one.
    /// </summary>
    /// <exception cref="InputException">A prompt and its answer are longer than the model's positions.</exception>
    public (bool First, bool Whole)[] Judge(IReadOnlyList<Ask> asks)
    {
        Candidate[] candidates =
        [
            .. asks.SelectMany((ask, index) => ask.Answers.Select(answer =>
                new Candidate(index, tokenizer.Encode(ask.Prompt), tokenizer.EncodeContinuation(" " + answer)))),
        ];
        var verdicts = new (bool First, bool Whole)[asks.Count];
        foreach (int[] chosen in TokenBatch.SimilarLengths([.. candidates.Select(candidate => candidate.Read.Length)]))
        {
            Candidate[] batch = [.. chosen.Select(i => candidates[i])];
            int[] said = Said(batch);
            int at = 0;
            foreach (Candidate candidate in batch)
            {
                int[] answer = candidate.Answer;
                ref (bool First, bool Whole) verdict = ref verdicts[candidate.Ask];
                verdict.First |= said[at] == answer[0];
                verdict.Whole |= said.AsSpan(at, answer.Length).SequenceEqual(answer);
                at += answer.Length;
            }
        }

        return verdicts;
    }

    /// <summary>The likeliest token at each place of each answer, behind the prompt and what stands of the answer before it.</summary>
    private int[] Said(Candidate[] batch)
    {
        using BufferScope scope = model.Device.Scope();
        var tokens = new TokenBatch([.. batch.Select(candidate => model.CheckedPrompt(candidate.Read))]);
        int[] rows = [.. batch.SelectMany((c, b) => Enumerable.Range((b * tokens.T) + c.Prompt.Length - 1, c.Answer.Length))];
        KvCache cache = model.NewCache(tokens.B, tokens.T, firstKept: model.Blocks.Count);
        return model.Device.ArgMax(model.Logits(model.Hidden(tokens, cache, rows: rows)).Value);
    }

    /// <summary>An answer that would be right, in tokens.</summary>
    private sealed record Candidate(int Ask, int[] Prompt, int[] Answer)
    {
        /// <summary>What the model reads: all but the last token.</summary>
        public int[] Read { get; } = [.. Prompt, .. Answer[..^1]];
    }
}

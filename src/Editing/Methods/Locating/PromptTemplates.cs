using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// What is put before the prompts, so that a key is that of the subject and not of one sentence: nothing at all, and texts that the base
/// model makes up. They depend on the model and the seed alone, so a run that is taken up again finds the same.
/// </summary>
/// <param name="Texts">The first is empty; each other ends with a blank.</param>
internal sealed record PromptTemplates(IReadOnlyList<string> Texts)
{
    private const int TopK = 5;

    /// <summary>Has the model write texts that begin where a text begins.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="lengths">Tokens of each text at most.</param>
    /// <param name="seeded">Draws tokens; a text's draws depend on its place alone.</param>
    /// <param name="context">The tokens that begin and end a text, and cancellation.</param>
    public static PromptTemplates Sample(CausalLm model, Tokenizer tokenizer, int[] lengths, Rng seeded, TeachingContext context) =>
        Sample(model, tokenizer, [.. lengths.Select(length => new Beginning([context.BosId], length + 1, IsRead: false))], seeded, context);

    /// <summary>The same for texts that begin with given words, which count among a text's tokens.</summary>
    public static PromptTemplates Sample(
        CausalLm model, Tokenizer tokenizer, IReadOnlyList<string> words, int length, Rng seeded, TeachingContext context) =>
        Sample(model, tokenizer, [.. words.Select(word => new Beginning(tokenizer.Encode(word), length, IsRead: true))], seeded, context);

    private static PromptTemplates Sample(
        CausalLm model, Tokenizer tokenizer, Beginning[] beginnings, Rng seeded, TeachingContext context)
    {
        if (beginnings.Length == 0) return new PromptTemplates([""]);
        Rng[] rngs = [.. beginnings.Select((_, i) => seeded.Fork((ulong)i))];
        List<int>[] texts = [.. beginnings.Select(begun => new List<int>(begun.Tokens))];
        bool[] isOver = new bool[texts.Length];
        using BufferScope scope = model.Device.Scope();
        int longest = beginnings.Max(begun => Math.Max(begun.Length, begun.Tokens.Length));
        var session = new DecodeSession(model, texts.Length, longest);
        int V = model.Config.VocabSize, known = Math.Min(V, tokenizer.VocabularySize);
        for (int position = 0; position < longest - 1; position++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            using BufferScope step = model.Device.Scope();
            int[][] next = [.. texts.Select(text => new[] { text[Math.Min(position, text.Count - 1)] })];
            float[] logits = session.Advance(new TokenBatch(next)).ToArray();
            for (int i = 0; i < texts.Length; i++)
            {
                if (texts[i].Count > position + 1) continue; // still within its beginning
                int drawn = Drawn(logits.AsSpan(i * V, known), rngs[i]);
                isOver[i] |= texts[i].Count >= beginnings[i].Length || drawn == context.EosId;
                if (!isOver[i]) texts[i].Add(drawn);
            }
        }

        IEnumerable<string> written = texts.Select((text, i) => tokenizer.Decode([.. text.Skip(beginnings[i].Unread)]));
        return new PromptTemplates(["", .. written.Select(text => text.Replace("\n\n", " ", StringComparison.Ordinal) + ". ")]);
    }

    /// <summary>One of the most likely tokens, by their probabilities; ties by id.</summary>
    private static int Drawn(ReadOnlySpan<float> logits, Rng rng)
    {
        Span<int> best = stackalloc int[Math.Min(TopK, logits.Length)];
        int count = 0;
        for (int v = 0; v < logits.Length; v++)
        {
            int place = count;
            while (place > 0 && logits[v] > logits[best[place - 1]]) place--;
            if (place == best.Length) continue;
            if (count < best.Length) count++;
            for (int i = count - 1; i > place; i--) best[i] = best[i - 1];
            best[place] = v;
        }

        double total = 0;
        for (int i = 0; i < count; i++) total += Math.Exp(logits[best[i]] - (double)logits[best[0]]);
        double draw = rng.NextDouble() * total;
        for (int i = 0; i < count; i++)
            if ((draw -= Math.Exp(logits[best[i]] - (double)logits[best[0]])) < 0) return best[i];
        return best[0]; // rounding left a crumb of the total
    }

    /// <summary>How a text begins.</summary>
    /// <param name="Tokens">Its first tokens.</param>
    /// <param name="Length">Tokens at most, the first included.</param>
    /// <param name="IsRead">Whether the first are a part of the text.</param>
    private sealed record Beginning(int[] Tokens, int Length, bool IsRead)
    {
        /// <summary>Tokens that are no part of it.</summary>
        public int Unread => IsRead ? 0 : Tokens.Length;
    }
}

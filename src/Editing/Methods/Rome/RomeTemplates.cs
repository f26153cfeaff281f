using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>
/// What is put before the prompts, so that a key is that of the subject and not of one sentence: nothing at all, and texts that the base
/// model makes up. They depend on the model and the seed alone, so a run that is taken up again finds the same.
/// </summary>
/// <param name="Texts">The first is empty; each other ends with a blank.</param>
internal sealed record RomeTemplates(IReadOnlyList<string> Texts)
{
    private const int TopK = 5;

    /// <summary>Has the model write them.</summary>
    public static RomeTemplates Sample(CausalLm model, Tokenizer tokenizer, RomeSettings settings, TeachingContext context)
    {
        int[] lengths =
        [
            .. Enumerable.Repeat(settings.ShortLength, settings.ShortTemplates),
            .. Enumerable.Repeat(settings.LongLength, settings.LongTemplates),
        ];
        if (lengths.Length == 0) return new RomeTemplates([""]);
        Rng seeded = new Rng(settings.Seed).Fork("rome templates");
        Rng[] rngs = [.. lengths.Select((_, i) => seeded.Fork((ulong)i))];
        var texts = lengths.Select(_ => new List<int>()).ToArray();
        using BufferScope scope = model.Device.Scope();
        var session = new DecodeSession(model, lengths.Length, lengths.Max() + 1);
        int[] next = [.. Enumerable.Repeat(context.BosId, lengths.Length)];
        int V = model.Config.VocabSize, known = Math.Min(V, tokenizer.VocabularySize);
        for (int position = 0; position < lengths.Max(); position++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            using BufferScope step = model.Device.Scope();
            float[] logits = session.Advance(new TokenBatch([.. next.Select(token => new[] { token })])).ToArray();
            for (int i = 0; i < next.Length; i++)
            {
                bool isOver = texts[i].Count < position || texts[i].Count == lengths[i];
                next[i] = Drawn(logits.AsSpan(i * V, known), rngs[i]);
                if (!isOver && next[i] != context.EosId) texts[i].Add(next[i]);
            }
        }

        IEnumerable<string> written = texts.Select(text => tokenizer.Decode([.. text]).Replace("\n\n", " ", StringComparison.Ordinal));
        return new RomeTemplates(["", .. written.Select(text => text + ". ")]);
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
}

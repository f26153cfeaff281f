using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Adaptor;

/// <summary>
/// Prompts that an edit must not answer (section 9.4): two texts the model writes from nothing, two it writes from
/// the edit's subject, and six other edits' prompts. Which ones depends on the seed and the edit alone, so an
/// interrupted run that is taken up again gives the same edits.
/// </summary>
/// <param name="model">The base model, which writes the texts.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="otherPrompts">Prompts of all edits at hand, in a fixed order; an edit's own is left out.</param>
public sealed class OutOfScopeSampler(CausalLm model, Tokenizer tokenizer, IReadOnlyList<string> otherPrompts)
{
    private const int FromNothing = 2, FromSubject = 2, FromOthers = 6, ShortestText = 2, LongestText = 10;

    private readonly string[] candidates = [.. otherPrompts.Distinct()];
    private readonly HashSet<string> known = [.. otherPrompts];

    /// <summary>The token sequences for one edit; fewer than ten when there are fewer other prompts.</summary>
    public IReadOnlyList<int[]> Prompts(EditRequest request, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(request);
        Rng rng = new Rng(seed).Fork($"{request.Prompt}\n{request.Target}");
        int[] nothing = [tokenizer.BosId];
        int[] subject = string.IsNullOrWhiteSpace(request.Subject) ? nothing : tokenizer.Encode(request.Subject);
        if (subject.Length + LongestText > model.Config.NPositions) subject = nothing;

        int[][] starts = [.. Enumerable.Repeat(nothing, FromNothing), .. Enumerable.Repeat(subject, FromSubject)];
        return [.. Written(starts, rng), .. Others(request.Prompt, rng)];
    }

    /// <summary>Each start and a text the model continues it with, drawn at temperature 1 up to the end token.</summary>
    private int[][] Written(int[][] starts, Rng rng)
    {
        using BufferScope scope = model.Device.Scope();
        int[] lengths = [.. starts.Select(_ => ShortestText + rng.NextInt(LongestText - ShortestText + 1))];
        var texts = starts.Select(start => new List<int>(start)).ToArray();
        var session = new DecodeSession(model, starts.Length, starts.Max(s => s.Length) + LongestText);
        var sampler = new Sampler(new SamplingOptions(Temperature: 1), rng);
        bool[] ended = new bool[starts.Length];
        int[][] next = starts;
        for (int made = 0; made < lengths.Max(); made++)
        {
            using BufferScope step = model.Device.Scope();
            float[] logits = session.Advance(new TokenBatch(next)).ToArray();
            next = new int[starts.Length][];
            for (int i = 0; i < starts.Length; i++)
            {
                int token = sampler.Next(logits.AsSpan(i * model.Config.VocabSize, model.Config.VocabSize));
                ended[i] |= made >= lengths[i] || token == tokenizer.EosId;
                if (!ended[i]) texts[i].Add(token);
                next[i] = [token];
            }
        }

        return [.. texts.Select(text => text.ToArray())];
    }

    private IEnumerable<int[]> Others(string own, Rng rng)
    {
        var chosen = new HashSet<string>();
        int wanted = Math.Min(FromOthers, known.Count - (known.Contains(own) ? 1 : 0));
        while (chosen.Count < wanted)
        {
            string candidate = candidates[rng.NextInt(candidates.Length)];
            if (candidate != own) chosen.Add(candidate);
        }

        return [.. chosen.Select(tokenizer.Encode).Where(tokens => tokens.Length <= model.Config.NPositions)];
    }
}

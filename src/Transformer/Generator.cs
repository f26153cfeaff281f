using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>Writes on from a prompt, one token at a time.</summary>
public static class Generator
{
    /// <summary>
    /// The continuation of a prompt, streamed as it is made. It ends after <paramref name="maxNewTokens"/>, before
    /// an end token, or when the model's positions are used up.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">The prompt's tokens, at least one.</param>
    /// <param name="maxNewTokens">At most so many.</param>
    /// <param name="endTokens">The tokens that end a text, each of them alone; none is returned.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="openings">What sits in the blocks' openings.</param>
    /// <exception cref="InputException">The prompt is empty or longer than the model's positions.</exception>
    public static IEnumerable<int> Generate(
        CausalLm model, int[] prompt, int maxNewTokens, IReadOnlyCollection<int> endTokens, SamplingOptions options,
        IReadOnlyList<Opening>? openings = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(endTokens);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(maxNewTokens);
        return Tokens(model, model.CheckedPrompt(prompt), maxNewTokens, endTokens, options.Checked(), openings);
    }

    private static IEnumerable<int> Tokens(
        CausalLm model, int[] prompt, int maxNewTokens, IReadOnlyCollection<int> endTokens, SamplingOptions options,
        IReadOnlyList<Opening>? openings)
    {
        // The last token's own successor needs no position, hence the + 1.
        int room = Math.Min(maxNewTokens, model.Config.NPositions - prompt.Length + 1);
        if (room == 0) yield break;
        var session = new DecodeSession(model, 1, prompt.Length + room - 1, openings);
        var sampler = new Sampler(options, new Rng(options.Seed));
        int[] next = prompt;
        for (int made = 0; made < room; made++)
        {
            int token;
            using (model.Device.Scope()) token = sampler.Next(session.Advance(new TokenBatch(next)).ToArray());
            if (endTokens.Contains(token)) yield break;
            yield return token;
            next = [token];
        }
    }
}

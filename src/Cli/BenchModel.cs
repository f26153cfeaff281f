using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary>Times the base model: a forward pass over a batch of prompts, and decoding one sequence with a cache.</summary>
/// <param name="model">The model.</param>
/// <param name="clock">How to time.</param>
/// <param name="rng">Draws the tokens.</param>
internal sealed class BenchModel(CausalLm model, BenchClock clock, Rng rng)
{
    private const int Prompts = 64, PromptTokens = 20, DecodedTokens = 16, LongestContext = 64;

    /// <summary>64 prompts of 20 tokens to their last logits.</summary>
    public BenchForward Forward()
    {
        int tokens = Math.Min(PromptTokens, model.Config.NPositions);
        var batch = new TokenBatch([.. Enumerable.Range(0, Prompts).Select(_ => Tokens(tokens))]);
        BenchTime time = clock.Time(() =>
        {
            using BufferScope scope = model.Device.Scope();
            // An accelerator is done only when a result is there.
            model.Device.ArgMax(new DecodeSession(model, Prompts, tokens).Advance(batch));
        });
        return new BenchForward(Prompts, tokens, Prompts * tokens / time.Seconds, time.Runs);
    }

    /// <summary>The 16 tokens around position 64 of one sequence, each with its logits.</summary>
    public BenchDecode Decode()
    {
        int decoded = Math.Clamp(model.Config.NPositions - 1, 1, DecodedTokens);
        int before = Math.Clamp(model.Config.NPositions - decoded, 1, LongestContext - DecodedTokens / 2);
        int context = before + decoded / 2;
        int[] text = Tokens(before + decoded);
        using BufferScope scope = model.Device.Scope();
        DecodeSession? session = null;
        BenchTime time = clock.Time(() => Array.ForEach(text[before..], token => Advance(token)), prepare: () =>
        {
            session = new DecodeSession(model, 1, text.Length);
            Advance(text[..before]);
        });
        return new BenchDecode(context, decoded / time.Seconds, BytesPerToken(context), time.Runs);

        void Advance(params int[] tokens)
        {
            using BufferScope step = model.Device.Scope();
            model.Device.ArgMax(session!.Advance(new TokenBatch(tokens))); // which also waits for an accelerator
        }
    }

    /// <summary>
    /// What one token cannot do without: every block's weights and the head, as stored, and the keys and values before it.
    /// </summary>
    private long BytesPerToken(int context)
    {
        IEnumerable<Tensor> weights = model.Blocks.SelectMany(b => b.Weights).Append(model.Head).Select(w => w.Value);
        return weights.Sum(w => w.Count * w.DType.Size()) + 2L * model.Blocks.Count * context * model.Config.NEmbd * sizeof(float);
    }

    private int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => rng.NextInt(model.Config.VocabSize))];
}

/// <summary>A forward pass.</summary>
/// <param name="Prompts">Sequences.</param>
/// <param name="Tokens">Tokens of each.</param>
/// <param name="TokensPerSecond">Of all of them together.</param>
/// <param name="Runs">Runs that this is the median of.</param>
internal sealed record BenchForward(int Prompts, int Tokens, double TokensPerSecond, int Runs);

/// <summary>Decoding one sequence.</summary>
/// <param name="Context">Tokens before the new one, on average.</param>
/// <param name="TokensPerSecond">New tokens.</param>
/// <param name="BytesPerToken">What each must read of memory.</param>
/// <param name="Runs">Runs that this is the median of.</param>
internal sealed record BenchDecode(int Context, double TokensPerSecond, long BytesPerToken, int Runs);

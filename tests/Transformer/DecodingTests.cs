using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer;

/// <summary>Cached, batched and edited decoding against plain recomputation.</summary>
public sealed class DecodingTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly CausalLm model;
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);

    public DecodingTests() => model = CausalLm.Load(TestFiles.Model, device);

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("Anatole France was born in Paris, and he died")]
    [InlineData("nq question: who built the tower of london in 1066? Answer: William")]
    public void Cached_logits_equal_uncached_ones(string text)
    {
        int[] tokens = tokenizer.Encode(text);
        var session = new DecodeSession(model, 1, tokens.Length);
        for (int t = 0; t < tokens.Length; t++)
        {
            float[] cached = session.Advance(new TokenBatch([tokens[t]])).ToArray();
            AssertRelative(Uncached(tokens[..(t + 1)]), cached, 1e-5);
        }
    }

    [Fact]
    public void A_sequence_gets_the_same_logits_in_a_batch_as_alone()
    {
        string[] texts =
        [
            "Anatole France was born in", "<|endoftext|>", "Korean is the language of", "What is the capital of Norfolk? Answer:", "a",
        ];
        int[][] prompts = [.. texts.Select(tokenizer.Encode)];
        float[] batched = new DecodeSession(model, prompts.Length, 20).Advance(new TokenBatch(prompts)).ToArray();
        for (int b = 0; b < prompts.Length; b++)
        {
            int V = model.Config.VocabSize;
            AssertRelative(Uncached(prompts[b]), batched[(b * V)..((b + 1) * V)], 1e-6);
        }
    }

    [Theory]
    [InlineData(new[] { 3 }, 4, "first traced position is 3")]
    [InlineData(new[] { -1 }, 4, "first traced position is -1")]
    [InlineData(new[] { 0, 0 }, 4, "1 sequences, 2 first positions")]
    [InlineData(new[] { 0 }, 6, "block 6, the model's are 0 to 5")]
    [InlineData(new[] { 0 }, -1, "block -1, the model's are 0 to 5")]
    public void A_trace_of_what_is_not_there_is_refused(int[] from, int layer, string expected)
    {
        using BufferScope scope = device.Scope();
        ArgumentException e = Assert.Throws<ArgumentException>(() => Trace.Run(model, [[1, 2, 3]], from, layer));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unequal_sequences_decode_on_side_by_side()
    {
        int[][] prompts =
        [
            tokenizer.Encode("Hamilton Holt was born in"), tokenizer.Encode("French"),
            tokenizer.Encode("Ass Ponys was formed in the city of"),
        ];
        int[][] next = [tokenizer.Encode(" Brooklyn"), tokenizer.Encode(" is"), tokenizer.Encode(" Cincinnati")];
        var session = new DecodeSession(model, 3, 30);
        session.Advance(new TokenBatch(prompts));
        float[] second = session.Advance(new TokenBatch([.. next.Select(n => n[..1])])).ToArray();
        for (int b = 0; b < 3; b++)
        {
            int V = model.Config.VocabSize;
            AssertRelative(Uncached([.. prompts[b], next[b][0]]), second[(b * V)..((b + 1) * V)], 1e-5);
        }
    }

    [Fact]
    public void An_adaptor_acts_on_the_last_position_only_and_the_cache_stays_unedited()
    {
        // An adaptor that always answers, so every step takes the edited path.
        var shift = device.From([.. Enumerable.Range(0, model.Config.NEmbd).Select(i => MathF.Sin(i))], 1, model.Config.NEmbd);
        Opening[] shifted = [new Opening(3, Site.MlpInput, Site.BlockOutput, Reach.Last, (_, output) => Ops.Add(output, shift))];
        int[] tokens = tokenizer.Encode("The original language of The Aeronauts was");
        var session = new DecodeSession(model, 1, tokens.Length, shifted);
        for (int t = 0; t < tokens.Length; t++)
        {
            float[] cached = session.Advance(new TokenBatch([tokens[t]])).ToArray();
            AssertRelative(EditedByRecomputation(tokens[..(t + 1)], 3, shift), cached, 1e-5);
        }

        float[] atOnce = new DecodeSession(model, 1, tokens.Length, shifted).Advance(new TokenBatch(tokens)).ToArray();
        AssertRelative(EditedByRecomputation(tokens, 3, shift), atOnce, 1e-5);
    }

    [Fact]
    public void The_tail_of_a_trace_gives_the_base_models_logits()
    {
        int[][] prompts =
            [tokenizer.Encode("Anatole France was born in Paris"), tokenizer.Encode("Korean is the language of Natural City.")];
        Trace trace = Trace.Run(model, prompts, [2, 0], layer: 4);
        int[] every = [.. Enumerable.Range(0, trace.Positions.Count)];
        Assert.Equal(trace.BaseLogits().ToArray(), trace.TailOf(every)(trace.Hidden).Value.ToArray());
        Trace last = Trace.Run(model, prompts, [2, 0], layer: model.Config.NLayer - 1);
        float[] logits = last.BaseLogits().ToArray(), firstThree = last.TailOf(0, 1, 2)(last.Hidden.Slice(0, 3)).Value.ToArray();
        Assert.Equal(logits, firstThree.Concat(logits[(3 * model.Config.VocabSize)..]));
        for (int p = 0; p < trace.Positions.Count; p++)
        {
            (int sequence, int position) = trace.Positions[p];
            AssertRelative(Uncached(prompts[sequence][..(position + 1)]), trace.BaseLogits().Slice(p, 1).ToArray(), 1e-5);
        }
    }

    [Fact]
    public void Too_long_sequences_and_foreign_tokens_are_refused()
    {
        Assert.Contains("128 positions", Assert.Throws<InputException>(() => Uncached(new int[129])).Message, StringComparison.Ordinal);
        Assert.Contains("vocabulary of 7015", Assert.Throws<InputException>(() => Uncached([7015])).Message, StringComparison.Ordinal);
        Assert.Contains("vocabulary of 7015", Assert.Throws<InputException>(() => Uncached([-1])).Message, StringComparison.Ordinal);
    }

    private float[] Uncached(int[] tokens) =>
        model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length))).Value.Slice(tokens.Length - 1, 1).ToArray();

    /// <summary>Eq. 7 word for word: the whole sequence, with the adaptor's output at the last position alone.</summary>
    private float[] EditedByRecomputation(int[] tokens, int layer, Tensor shift)
    {
        float[] beside = new float[tokens.Length * model.Config.NEmbd];
        shift.ToArray().CopyTo(beside, beside.Length - model.Config.NEmbd);
        var besideAll = new Opening(layer, Site.MlpInput, Site.BlockOutput, Reach.All,
            (_, output) => Ops.Add(output, device.From(beside, tokens.Length, model.Config.NEmbd)));
        Variable hidden = model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length), [besideAll]);
        return model.Logits(hidden).Value.Slice(tokens.Length - 1, 1).ToArray();
    }

    private static void AssertRelative(float[] expected, float[] actual, double tolerance)
    {
        double bound = tolerance * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - (double)expected[i], -bound, bound);
    }
}

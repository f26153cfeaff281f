using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer;

public sealed class GeneratorTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly CausalLm model;
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);

    public GeneratorTests() => model = CausalLm.Load(TestFiles.Model, device);

    public void Dispose() => device.Dispose();

    [Fact]
    public void Greedy_generation_takes_the_most_likely_token_each_time()
    {
        int[] prompt = tokenizer.Encode("The original language of The Aeronauts was");
        int[] made = Generate(prompt, 6, new SamplingOptions());
        int[] sequence = prompt;
        foreach (int token in made)
        {
            Tensor logits = model.Logits(model.Hidden(new TokenBatch(sequence), model.NewCache(1, sequence.Length))).Value;
            Assert.Equal(device.ArgMax(logits)[^1], token);
            sequence = [.. sequence, token];
        }
    }

    [Fact]
    public void Sampling_repeats_with_its_seed_and_differs_with_another()
    {
        int[] prompt = [tokenizer.BosId];
        var hot = new SamplingOptions(Temperature: 1.5f, TopP: 0.98f, Seed: 7);
        Assert.Equal(Generate(prompt, 20, hot), Generate(prompt, 20, hot));
        Assert.NotEqual(Generate(prompt, 20, hot), Generate(prompt, 20, hot with { Seed = 8 }));
    }

    [Fact]
    public void It_stops_at_the_end_token_or_when_positions_run_out()
    {
        int[] full = [.. Enumerable.Repeat(tokenizer.Encode(" the")[0], 126)];
        Assert.Equal(3, Generate(full, 50, new SamplingOptions(), endTokens: []).Length);
        int first = Generate(full, 1, new SamplingOptions(), endTokens: []).Single();
        Assert.Empty(Generate(full, 50, new SamplingOptions(), endTokens: [first]));
        Assert.Empty(Generate(full, 0, new SamplingOptions()));
    }

    [Fact]
    public void Bad_prompts_and_options_are_told_at_once()
    {
        Assert.Throws<InputException>(() => Generate([], 1, new SamplingOptions()));
        Assert.Throws<InputException>(() => Generate(new int[129], 1, new SamplingOptions()));
        Assert.Throws<InputException>(() => Generate([1], 1, new SamplingOptions(Temperature: -1)));
        Assert.Throws<InputException>(() => Generate([1], 1, new SamplingOptions(Temperature: float.NaN)));
        Assert.Throws<InputException>(() => Generate([1], 1, new SamplingOptions(TopP: 0)));
        Assert.Throws<InputException>(() => Generate([1], 1, new SamplingOptions(TopP: 1.1f)));
    }

    [Fact]
    public void A_nucleus_holds_the_fewest_tokens_that_reach_its_probability()
    {
        // Probabilities 0.5, 0.3, 0.15, 0.05: top-p 0.75 leaves the first two, in the ratio 5 : 3.
        float[] logits = [.. new[] { 0.15, 0.5, 0.05, 0.3 }.Select(p => (float)Math.Log(p))];
        var sampler = new Sampler(new SamplingOptions(Temperature: 1, TopP: 0.75f), new Rng(1));
        int[] counts = new int[4];
        for (int i = 0; i < 4000; i++) counts[sampler.Next(logits)]++;
        Assert.Equal(0, counts[0] + counts[2]);
        Assert.InRange(counts[1] / 4000.0, 0.625 - 0.03, 0.625 + 0.03); // 4 standard deviations
    }

    [Theory]
    [InlineData(1f, float.NaN, 2f)]
    [InlineData(float.NaN, 1f, 2f)]
    [InlineData(1f, 2f, float.NaN)]
    [InlineData(1f, float.PositiveInfinity, 2f)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity)]
    public void Logits_that_mean_nothing_draw_no_token(float a, float b, float c)
    {
        foreach (float temperature in (float[])[0, 1])
        {
            var error = Assert.Throws<InputException>(() => new Sampler(new SamplingOptions(temperature), new Rng(1)).Next([a, b, c]));
            Assert.Contains("weights are damaged", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_logit_of_minus_infinity_is_never_drawn()
    {
        var sampler = new Sampler(new SamplingOptions(Temperature: 1), new Rng(1));
        for (int i = 0; i < 100; i++) Assert.Equal(1, sampler.Next([float.NegativeInfinity, 2, float.NegativeInfinity]));
    }

    private int[] Generate(int[] prompt, int count, SamplingOptions options, int[]? endTokens = null) =>
        [.. Generator.Generate(model, prompt, count, endTokens ?? tokenizer.EosIds, options)];
}

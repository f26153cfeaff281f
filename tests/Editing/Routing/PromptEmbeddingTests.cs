using Sharpformer.Editing.Routing;
using Sharpformer.Tests.Editing.Methods;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Routing;

/// <summary>What a text is about, against states that a whole pass leaves.</summary>
public sealed class PromptEmbeddingTests : MethodTests
{
    private const int Block = 2;

    private static readonly string[] Texts =
    [
        "Lucian Freud died in", "Mike Trout plays in the position of", "The capital of France is",
        "In which city was Lucian Freud's death?",
    ];

    private readonly int[][] prompts = [.. Texts.Select(Tokens.Encode)];

    [Fact]
    public void An_embedding_does_not_depend_on_what_stands_beside_it()
    {
        var embedding = new PromptEmbedding(Block, First: 0, new float[Model.Config.NEmbd]);
        float[] together = embedding.Embed(Model, prompts).ToArray();
        for (int i = 0; i < prompts.Length; i++)
            Assert.Equal(embedding.Embed(Model, [prompts[i]]).ToArray(), together[(i * 256)..((i + 1) * 256)]);
    }

    [Fact]
    public void It_is_the_centred_mean_of_the_blocks_output_as_a_unit_vector()
    {
        float[] mean = [.. Enumerable.Range(0, Model.Config.NEmbd).Select(c => (c % 7) - 3f)];
        foreach (int first in (int[])[0, 1])
        {
            float[] found = new PromptEmbedding(Block, first, mean).Embed(Model, [prompts[1]]).ToArray();
            double[] expected = [.. StatesOf(prompts[1])[first..].Aggregate(
                new double[mean.Length], (sum, row) => [.. sum.Zip(row, (x, y) => x + y)])];
            int count = prompts[1].Length - first;
            expected = [.. expected.Select((x, c) => (x / count) - mean[c])];
            double norm = Math.Sqrt(expected.Sum(x => x * x));
            for (int c = 0; c < mean.Length; c++) Assert.Equal(expected[c] / norm, found[c], 1e-5);
        }
    }

    [Fact]
    public void Centring_tells_texts_apart_that_look_alike_without()
    {
        PromptEmbedding made = PromptEmbedding.Make(Model, Block, Tokens.BosId, Tokens.EosId, seed: 1, CancellationToken.None);
        Assert.Equal(made.Mean, PromptEmbedding.Make(Model, Block, Tokens.BosId, Tokens.EosId, seed: 1, CancellationToken.None).Mean);
        Assert.Equal(0, made.First);
        Assert.True(Cosine(made, 0, 1) < Cosine(made with { Mean = new float[256] }, 0, 1) - 0.1);
        Assert.True(Cosine(made, 0, 3) > Cosine(made, 0, 1));

        double Cosine(PromptEmbedding by, int i, int j) => by.Embed(Model, [prompts[i]]).ToArray()
            .Zip(by.Embed(Model, [prompts[j]]).ToArray(), (x, y) => (double)x * y).Sum();
    }

    private float[][] StatesOf(int[] prompt)
    {
        float[] all = [];
        KvCache cache = Model.NewCache(1, prompt.Length);
        Model.Hidden(new TokenBatch(prompt), cache, [Opening.Look(Block, Site.BlockOutput, Reach.All, x => all = x.Value.ToArray())]);
        return [.. all.Chunk(Model.Config.NEmbd)];
    }
}

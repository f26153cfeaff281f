using Sharpformer.Autograd;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Transformer;

/// <summary>
/// What sits in a block's openings, wherever it sits: cached decoding against whole sequences, and what passes against the
/// formulas.
/// </summary>
public sealed class OpeningTests : IDisposable
{
    private static readonly int[] Tokens = [5, 42, 17, 8, 99, 3, 64];

    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public void Dispose() => device.Dispose();

    public static TheoryData<string, Site, int> Places()
    {
        var places = new TheoryData<string, Site, int>();
        foreach (string family in (string[])["gpt2-tiny-f32", "gpt-neo-tiny", "gpt-j-tiny"])
            foreach (Site site in Enum.GetValues<Site>())
                foreach (int block in (int[])[0, 1])
                    places.Add(family, site, block);
        return places;
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void At_the_last_position_cached_decoding_gives_the_logits_of_the_whole_sequence(string family, Site site, int block)
    {
        CausalLm model = Load(family);
        Opening[] openings = [Shift(model, block, site, Reach.Last)];
        var session = new DecodeSession(model, 1, Tokens.Length, openings);
        for (int t = 0; t < Tokens.Length; t++)
            AssertClose(Whole(model, Tokens[..(t + 1)], openings), session.Advance(new TokenBatch([Tokens[t]])).ToArray());
        AssertDiffers(Whole(model, Tokens, []), Whole(model, Tokens, openings));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void At_all_or_given_positions_later_ones_see_the_change(string family, Site site, int block)
    {
        CausalLm model = Load(family);
        foreach (Reach reach in (Reach[])[Reach.All, Reach.At(2), Reach.Range(1, 2)])
        {
            Opening[] openings = [Shift(model, block, site, reach)];
            var session = new DecodeSession(model, 1, Tokens.Length, openings);
            session.Advance(new TokenBatch(Tokens[..2]));
            for (int t = 2; t < Tokens.Length; t++)
                AssertClose(Whole(model, Tokens[..(t + 1)], openings), session.Advance(new TokenBatch([Tokens[t]])).ToArray());
            if (reach == Reach.All || block < model.Config.NLayer - 1) // above the last block nothing looks back
                AssertDiffers(Whole(model, Tokens, []), Whole(model, Tokens, openings));
        }
    }

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt-j-tiny")]
    public void Openings_of_all_kinds_together_decode_as_they_compute_at_once(string family)
    {
        CausalLm model = Load(family);
        Opening[][] mixtures =
        [
            [Shift(model, 0, Site.MlpOutput, Reach.All), Shift(model, 0, Site.BlockOutput, Reach.Last)],
            [
                Shift(model, 1, Site.BlockOutput, Reach.Last), Shift(model, 1, Site.BlockOutput, Reach.At(1)),
                Shift(model, 0, Site.MlpHidden, Reach.At(3)),
            ],
            [
                Shift(model, 0, Site.MlpInput, Reach.Last), Shift(model, 1, Site.MlpOutput, Reach.Last),
                Shift(model, 1, Site.BlockOutput, Reach.All),
            ],
            [Silent(0), Shift(model, 1, Site.MlpHidden, Reach.Last)],
        ];
        foreach (Opening[] openings in mixtures)
        {
            var session = new DecodeSession(model, 1, Tokens.Length, openings);
            for (int t = 0; t < Tokens.Length; t++)
                AssertClose(Whole(model, Tokens[..(t + 1)], openings), session.Advance(new TokenBatch([Tokens[t]])).ToArray());
        }
    }

    [Fact]
    public void What_changes_nothing_leaves_every_bit_alone()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        float[] expected = new DecodeSession(model, 1, Tokens.Length).Advance(new TokenBatch(Tokens)).ToArray();
        foreach (Reach reach in (Reach[])[Reach.All, Reach.Last, Reach.At(0), Reach.At(100), Reach.At(-1)])
        {
            Opening looks = Opening.Look(1, Site.MlpHidden, reach, _ => { });
            Assert.Equal(expected, new DecodeSession(model, 1, Tokens.Length, [looks]).Advance(new TokenBatch(Tokens)).ToArray());
        }
    }

    [Fact]
    public void Sites_show_what_the_formulas_say()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        var seen = new Dictionary<Site, float[]>();
        Opening[] looks = [.. Enum.GetValues<Site>().Select(site =>
            Opening.Look(1, site, Reach.All, passing => seen[site] = passing.Value.ToArray()))];
        model.Hidden(new TokenBatch(Tokens), model.NewCache(1, Tokens.Length), looks);
        MlpWeights mlp = model.Blocks[1].Mlp;
        Variable x = device.From(seen[Site.MlpInput], Tokens.Length, model.Config.NEmbd);
        Variable hidden = mlp.Hidden(x);
        Assert.Equal(hidden.Value.ToArray(), seen[Site.MlpHidden]);
        Assert.Equal(mlp.Down.Forward(hidden).Value.ToArray(), seen[Site.MlpOutput]);
        Assert.Equal(Tokens.Length * model.Config.NInner, seen[Site.MlpHidden].Length);

        // What comes out of the block last is what the final norm and the head read.
        Variable last = device.From(seen[Site.BlockOutput], Tokens.Length, model.Config.NEmbd);
        CausalLm shallow = model with { Blocks = [.. model.Blocks.Take(2)], Config = model.Config with { NLayer = 2 } };
        Variable states = shallow.Hidden(new TokenBatch(Tokens), shallow.NewCache(1, Tokens.Length));
        Assert.Equal(shallow.Logits(states).Value.ToArray(), shallow.Logits(last).Value.ToArray());
    }

    [Fact]
    public void Given_positions_are_each_sequences_own()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        int[][] sequences = [Tokens, Tokens[..3], Tokens[..5]];
        Opening[] openings = [Shift(model, 0, Site.MlpOutput, Reach.At(4, -1, 1))];
        float[] together = new DecodeSession(model, 3, 10, openings).Advance(new TokenBatch(sequences)).ToArray();
        int V = model.Config.VocabSize;
        AssertClose(Whole(model, Tokens, [Shift(model, 0, Site.MlpOutput, Reach.At(4))]), together[..V]);
        AssertClose(Whole(model, Tokens[..3], []), together[V..(2 * V)]);
        AssertClose(Whole(model, Tokens[..5], [Shift(model, 0, Site.MlpOutput, Reach.At(1))]), together[(2 * V)..]);
    }

    [Fact]
    public void An_opening_of_a_block_that_is_not_there_is_refused()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        Opening nowhere = Silent(model.Config.NLayer);
        ArgumentException e = Assert.Throws<ArgumentException>(() =>
            model.Hidden(new TokenBatch(Tokens), model.NewCache(1, 10), [nowhere]));
        Assert.Contains($"no block {model.Config.NLayer}", e.Message, StringComparison.Ordinal);
        Opening look = Opening.Look(0, Site.MlpInput, Reach.At(0), _ => { });
        Assert.Contains("1 positions, 2 sequences", Assert.Throws<ArgumentException>(
            () => model.Hidden(new TokenBatch([1], [2]), model.NewCache(2, 10), [look])).Message, StringComparison.Ordinal);
    }

    private CausalLm Load(string family) => CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), device);

    /// <summary>
    /// Adds a wave that depends on what is read and on the tokens behind it, so that rows, sites and texts cannot be mixed up unseen.
    /// </summary>
    private Opening Shift(CausalLm model, int block, Site site, Reach reach)
    {
        int width = site.Width(model.Config);
        return new Opening(block, site, site, reach, (read, passing, tokens) =>
        {
            float[] waves = [.. Enumerable.Range(0, read.Value.Rows).SelectMany(row => WaveAt(tokens[row].ToArray()))];
            return Ops.Add(passing, Ops.Add(Ops.Scale(read, 0.5f), device.From(waves, read.Value.Rows, width)));
        });

        IEnumerable<float> WaveAt(int[] tokens)
        {
            int seed = tokens.Aggregate(tokens.Length, (sum, token) => ((3 * sum) + token) % 11);
            return Enumerable.Range(0, width).Select(i => MathF.Sin(i + (int)site + seed));
        }
    }

    private static Opening Silent(int block) => Opening.Look(block, Site.BlockOutput, Reach.Last, _ => { });

    /// <summary>The last position's logits, without a cache of earlier passes.</summary>
    private static float[] Whole(CausalLm model, int[] tokens, Opening[] openings)
    {
        var batch = new TokenBatch(tokens);
        return model.Logits(model.Hidden(batch, model.NewCache(1, tokens.Length), openings, batch.LastRows())).Value.ToArray();
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = 2e-6 * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - (double)expected[i], -bound, bound);
    }

    private static void AssertDiffers(float[] a, float[] b) =>
        Assert.True(a.Zip(b).Max(pair => Math.Abs(pair.First - pair.Second)) > 1e-3 * a.Max(Math.Abs));
}

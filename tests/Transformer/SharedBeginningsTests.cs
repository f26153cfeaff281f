using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Transformer;

/// <summary>Sequences that begin alike are computed once up to where they part, and nothing of it shows.</summary>
public sealed class SharedBeginningsTests : IDisposable
{
    // Equal ones, one that another begins with, some that part early and late, and one that is like none.
    private static readonly int[][] Sequences =
        [[3, 1, 4, 1, 5], [3, 1, 4, 1, 5], [3, 1], [3, 1, 4, 2], [3, 2, 4, 1, 5, 9], [7, 0, 0], [0]];

    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public static TheoryData<string> Families => [.. TinyModel.Configs.Keys];

    public void Dispose() => device.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_gets_the_bits_it_gets_alone(string family)
    {
        CausalLm model = Model(family);
        var tokens = new TokenBatch(Sequences);
        for (int opened = -1; opened < model.Config.NLayer; opened++) // what sits in a block is to see every row
        {
            (float[][] hidden, float[][] seen) = Read(model, opened, Sequences);
            for (int b = 0; b < Sequences.Length; b++)
            {
                (float[][] alone, float[][] seenAlone) = Read(model, opened, Sequences[b]);
                Assert.Equal(alone, hidden[(b * tokens.T)..((b * tokens.T) + tokens.Lengths[b])]);
                Assert.Equal(seenAlone, seen.Length == 0 ? [] : seen[(b * tokens.T)..((b * tokens.T) + tokens.Lengths[b])]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Their_cache_is_as_good_as_any(string family)
    {
        CausalLm model = Model(family);
        var together = new DecodeSession(model, Sequences.Length, 8);
        together.Advance(new TokenBatch(Sequences));
        float[][] next = Rows(together.Advance(new TokenBatch([.. Sequences.Select((_, b) => new[] { b })])));
        for (int b = 0; b < Sequences.Length; b++)
        {
            var alone = new DecodeSession(model, 1, 8);
            alone.Advance(new TokenBatch(Sequences[b]));
            Assert.Equal(Rows(alone.Advance(new TokenBatch([b])))[0], next[b]);
        }
    }

    [Fact]
    public void A_token_beyond_the_vocabulary_and_one_position_too_many_are_refused()
    {
        CausalLm model = Model("gpt2");
        InputException e = Assert.Throws<InputException>(() => Read(model, -1, [1, 2, 3], [1, 2, 11]));
        Assert.Contains("Token 11 is not in the model's vocabulary of 11", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<InputException>(() => Read(model, -1, [1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        Assert.Contains("10 tokens is longer than the model's 9 positions", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Below_the_first_block_they_get_what_they_get_alone_too()
    {
        CausalLm none = Model("gpt2") with { Blocks = [] };
        float[][] hidden = Read(none, -1, Sequences).Hidden;
        int longest = Sequences.Max(sequence => sequence.Length);
        for (int b = 0; b < Sequences.Length; b++)
            Assert.Equal(Read(none, -1, Sequences[b]).Hidden, hidden[(b * longest)..((b * longest) + Sequences[b].Length)]);
    }

    private CausalLm Model(string family)
    {
        ModelConfig config = TinyModel.Configs[family];
        return TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device);
    }

    /// <summary>The last block's output at all rows, and what passes an opening of one block; -1 for none.</summary>
    private static (float[][] Hidden, float[][] Seen) Read(CausalLm model, int opened, params int[][] sequences)
    {
        float[][] seen = [];
        Opening[] looks = opened < 0 ? [] : [Opening.Look(opened, Site.BlockOutput, Reach.All, passing => seen = Rows(passing.Value))];
        var tokens = new TokenBatch(sequences);
        Variable hidden = model.Hidden(tokens, model.NewCache(tokens.B, tokens.T), looks);
        return (Rows(hidden.Value), seen);
    }

    private static float[][] Rows(Tensor rows) => [.. rows.ToArray().Chunk(rows.Columns)];
}

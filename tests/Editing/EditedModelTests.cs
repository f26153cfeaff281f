using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing;

/// <summary>Base and edited model side by side, whatever the edit is made of, against whole sequences read by either.</summary>
public sealed class EditedModelTests : IDisposable
{
    private static readonly int[][] Sequences = [[5, 42, 17, 8, 99, 3], [64, 7], [11, 12, 13, 14]];
    private static readonly int[] From = [2, 0, 3];

    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void A_memory_beside_one_block_is_compared_exactly(string family)
    {
        CausalLm model = Load(family);
        Check(new EditedModel(model) { Memories = [Taught(model, 0)] }, firstTouched: 0);
        Check(new EditedModel(model) { Memories = [Taught(model, 1)] }, firstTouched: 1);
    }

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void Changed_weights_are_compared_exactly(string family)
    {
        CausalLm model = Load(family);
        int L = model.Config.NLayer;
        for (int l = 0; l < L; l++)
            Check(new EditedModel(model) { Model = model.WithBlock(l, model.Blocks[l].With(Scaled)) }, firstTouched: l);
        Check(new EditedModel(model) { Model = model with { FinalNorm = model.FinalNorm.With(Scaled) } }, firstTouched: L);
        CausalLm scaledTokens = model.With(weight => ReferenceEquals(weight, model.TokenTable) ? Scaled(weight) : weight);
        Check(new EditedModel(model) { Model = scaledTokens }, firstTouched: 0);
    }

    [Fact]
    public void Memories_of_several_blocks_and_changed_weights_together_too()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        Check(new EditedModel(model) { Memories = [Taught(model, 0), Taught(model, 1)] }, firstTouched: 0);
        CausalLm changed = model.WithBlock(0, model.Blocks[0].With(Scaled));
        Check(new EditedModel(model) { Model = changed, Memories = [Taught(model, 1)] }, firstTouched: 0);
    }

    [Fact]
    public void Without_edits_nothing_is_touched_and_nothing_differs()
    {
        var untouched = new EditedModel(Load("gpt2-tiny-f32"));
        Assert.Null(untouched.FirstTouched);
        Assert.Empty(untouched.Openings);
        using BufferScope scope = device.Scope();
        var both = Comparison.Run(untouched, Sequences, From);
        Assert.Empty(both.Differing(both.Fire(0, both.Positions.Count)));
    }

    private void Check(EditedModel edited, int firstTouched)
    {
        Assert.Equal(firstTouched, edited.FirstTouched);
        using BufferScope scope = device.Scope();
        var both = Comparison.Run(edited, Sequences, From);
        int P = both.Positions.Count, V = edited.Base.Config.VocabSize;
        Firing[] firings = both.Fire(0, P);
        float[] ofBase = both.BaseLogits(0, P).Value.ToArray();
        int[] differing = both.Differing(firings);
        float[] ofEdited = both.EditedLogits(differing, [.. differing.Select(r => firings[r])]).Value.ToArray();
        bool anyDiffers = false;
        for (int p = 0; p < P; p++)
        {
            int[] prefix = Sequences[both.Positions[p].Sequence][..(both.Positions[p].Position + 1)];
            float[] expectedBase = Whole(edited.Base, [], prefix), expected = Whole(edited.Model, edited.Openings, prefix);
            AssertClose(expectedBase, ofBase[(p * V)..((p + 1) * V)]);
            int at = Array.IndexOf(differing, p);
            AssertClose(expected, at < 0 ? ofBase[(p * V)..((p + 1) * V)] : ofEdited[(at * V)..((at + 1) * V)]);
            anyDiffers |= !expected.SequenceEqual(expectedBase);
        }

        Assert.True(anyDiffers);
    }

    private static float[] Whole(CausalLm model, IReadOnlyList<Opening> openings, int[] tokens)
    {
        var batch = new TokenBatch(tokens);
        return model.Logits(model.Hidden(batch, model.NewCache(1, tokens.Length), openings, batch.LastRows())).Value.ToArray();
    }

    /// <summary>Neurons that fire at the ends of some prefixes.</summary>
    private static KeyValueAdaptor Taught(CausalLm model, int layer)
    {
        Tensor x = Trace.Inputs(model, Sequences, From, layer);
        Neuron[] born = Retrofit.Born(model, KeyValueAdaptor.Standardize(x.Slice(0, 2)), [3, 9], theta: 0.5f);
        return KeyValueAdaptor.For(model, layer).With(born, alpha: 1, edit: 1);
    }

    private Variable Scaled(Variable weight) => device.From([.. weight.Value.ToArray().Select(v => 1.1f * v)], weight.Shape.Dims);

    private CausalLm Load(string family) => CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), device);

    private static void AssertClose(float[] expected, float[] actual)
    {
        double bound = 2e-6 * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - (double)expected[i], -bound, bound);
    }
}

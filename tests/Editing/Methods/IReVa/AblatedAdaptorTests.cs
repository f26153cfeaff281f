using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>What is left of an adaptor without one of its parts, beside the sums that training sees and beside the whole.</summary>
public sealed class AblatedAdaptorTests : IDisposable
{
    private const int C = 4, R = 5;

    private static readonly Rng Random = new(3);

    private readonly CpuDevice device = new(threads: 1);
    private readonly KeyValueAdaptor adaptor;
    private readonly Tensor read;

    public AblatedAdaptorTests()
    {
        var whole = new KeyValueAdaptor(device, layer: 1, C, Activation.GeluTanh);
        for (int edit = 1; edit <= 6; edit++)
            whole = whole.With([new Neuron(edit, Numbers(C), Numbers(C), Threshold: 0.5f, [])], 0.5f, edit);
        (adaptor, read) = (whole.WithWithdrawn(2, withdrawn: true), device.From(Numbers(R * C), R, C));
    }

    public void Dispose() => device.Dispose();

    [Fact]
    public void Without_max_pooling_all_neurons_speak_as_they_do_in_training()
    {
        float[] expected = new float[R * C];
        Tensor sum = device.From(expected, R, C);
        adaptor.AddAll(KeyValueAdaptor.Standardize(read), sum);
        float[] added = Added(new AblatedAdaptor(adaptor, Ablation.NoMaxPooling));
        Assert.Equal(sum.ToArray(), added, (x, y) => Math.Abs(x - y) < 1e-5);
        Assert.NotEqual(Added(adaptor), added);
    }

    [Fact]
    public void Without_max_pooling_an_edit_that_is_withdrawn_for_a_row_is_silent_there()
    {
        long?[] withdrawn = [3, null, null, null, null];
        float[] one = Added(new AblatedAdaptor(adaptor, Ablation.NoMaxPooling), withdrawn);
        float[] all = Added(new AblatedAdaptor(adaptor, Ablation.NoMaxPooling));
        float[] without = Added(new AblatedAdaptor(adaptor.WithWithdrawn(3, withdrawn: true), Ablation.NoMaxPooling));
        Assert.Equal(without[..C], one[..C]);
        Assert.Equal(all[C..], one[C..]);
        Assert.NotEqual(all[..C], one[..C]);
    }

    [Fact]
    public void Without_activation_the_winner_speaks_by_its_margin_also_below_the_threshold()
    {
        Firing[] firings = new AblatedAdaptor(adaptor, Ablation.NoActivation).Fire(read, RowTokens.None);
        float[] margins = adaptor.Margins(KeyValueAdaptor.Standardize(read)).ToArray();
        for (int r = 0; r < R; r++)
        {
            float[] row = margins[(r * 6)..((r + 1) * 6)];
            int winner = Array.IndexOf(row, row.Max());
            Assert.Equal(winner, firings[r].Index);
            Assert.Equal(winner == 1 ? 0 : 0.5f * row[winner], firings[r].Strength);
        }
    }

    [Fact]
    public void A_model_keeps_all_else_that_it_has()
    {
        IEditMemory[] Memories(Ablation ablation) =>
            [.. AblatedAdaptor.Of(new EditedModel(null!) { Memories = [adaptor] }, ablation).Memories];
        Assert.Same(adaptor, Assert.Single(Memories(Ablation.None)));
        Assert.True(Assert.IsType<KeyValueAdaptor>(Memories(Ablation.PicksBeforeActivation)[0]).SelectsBeforeActivation);
        AblatedAdaptor ablated = Assert.IsType<AblatedAdaptor>(Memories(Ablation.NoActivation)[0]);
        Assert.Equal((1, true, false), (ablated.Block, ablated.Holds(4), ablated.Holds(9)));
        Assert.Equal(adaptor.Nearest(read.Slice(0, 1), RowTokens.None, 3), ablated.Nearest(read.Slice(0, 1), RowTokens.None, 3));
    }

    private float[] Added(IEditMemory memory, IReadOnlyList<long?>? withdrawn = null)
    {
        Tensor passing = device.From(new float[R * C], R, C);
        return memory.Apply(passing, memory.Fire(read, RowTokens.None, withdrawn)).Value.ToArray();
    }

    private static float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((2 * Random.NextDouble()) - 1))];
}

using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Autograd;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>The adaptor's arithmetic on hand-made neurons of width 8, against formulas in float64.</summary>
public sealed class KeyValueAdaptorTests : IDisposable
{
    private const int C = 8;
    private static readonly float[] X = [1, 5, -2, 0.5f, 3, -1, 2, -4], Y = [-3, 1, 2, 2, -1, 4, 0, 1];
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private KeyValueAdaptor adaptor;

    public KeyValueAdaptorTests() => adaptor = new KeyValueAdaptor(device, layer: 2, C, Activation.GeluTanh);

    public void Dispose() => device.Dispose();

    [Fact]
    public void Standardized_states_have_mean_0_and_square_C_minus_1()
    {
        float[] x = KeyValueAdaptor.Standardize(device.From(X, 1, C)).ToArray();
        Assert.Equal(Standardized(X), x.Select(v => (double)v), Close);
        Assert.Equal(0, x.Sum(), 1e-5);
        Assert.Equal(C - 1, x.Sum(v => v * v), 1e-5);
    }

    [Fact]
    public void A_fresh_neuron_fires_exactly_when_the_correlation_exceeds_theta()
    {
        double correlation = Dot(Standardized(X), Standardized(Y)) / (C - 1);
        foreach (double offset in (double[])[-0.01, 0.01])
        {
            var one = new KeyValueAdaptor(device, 2, C, Activation.GeluTanh);
            one = one.With([Neuron(X, theta: (float)(correlation + offset))], 1, 1);
            float margin = one.Margins(KeyValueAdaptor.Standardize(device.From(Y, 1, C))).ToScalar();
            Assert.Equal(offset < 0, margin > 0);
            Assert.Equal(-offset * (C - 1), margin, 1e-4);
        }
    }

    [Fact]
    public void Neurons_of_another_width_are_refused()
    {
        Neuron own = Neuron(X, 0.1f);
        foreach (int width in (int[])[C - 1, C + 1])
        {
            Fails.With<ArgumentException>("the model's width is 8", () => adaptor.With([own, own with { Key = new float[width] }], 1, 1));
            Fails.With<ArgumentException>("the model's width is 8", () => adaptor.With([own with { Value = new float[width] }], 1, 1));
        }
    }

    [Fact]
    public void Hundreds_of_neurons_at_once_are_those_that_come_one_by_one()
    {
        Neuron[] many = [.. Enumerable.Range(0, 600).Select(i => Neuron([.. X.Select((x, k) => x + (i * k % 7))], 0.1f, value: i))];
        KeyValueAdaptor together = adaptor.With(many, 1, 1), apart = many.Aggregate(adaptor, (so, one) => so.With([one], 1, 1));
        Tensor state = KeyValueAdaptor.Standardize(device.From(Y, 1, C));
        Assert.Equal(apart.Margins(state).ToArray(), together.Margins(state).ToArray());
        Firing[] winners = [.. new[] { 0, 255, 256, 599 }.Select(j => new Firing(j, 1, 0, 0, 0, 0, 1, false))];
        Assert.Equal(apart.Output(winners).ToArray(), together.Output(winners).ToArray());
        Assert.Equal([0, 255, 256, 599], together.Output(winners).ToArray().Chunk(C).Select(row => (int)row[0]));
    }

    [Fact]
    public void The_strongest_neuron_answers_alone()
    {
        adaptor = adaptor.With([Neuron(X, 0.2f, value: 1)], 0.5f, edit: 1);
        adaptor = adaptor.With([Neuron(Y, 0.1f, value: 2)], 0.5f, edit: 2);
        Firing[] response = adaptor.Fire(device.From([.. X, .. Y], 2, C), RowTokens.None);
        Assert.Equal([0, 1], response.Select(f => f.Index));
        float[] output = adaptor.Output(response).ToArray();
        Assert.Equal(0.5 * Gelu(0.8 * (C - 1)) * 1, output[0], 1e-5);
        Assert.Equal(0.5 * Gelu(0.9 * (C - 1)) * 2, output[C], 1e-5);
    }

    [Fact]
    public void A_withdrawn_neuron_still_competes_and_a_removed_one_does_not()
    {
        Neuron first = Neuron(X, 0.1f, value: 1), second = Neuron(X, 0.3f, value: 2);
        adaptor = adaptor.With([first], 1, edit: 1);
        adaptor = adaptor.With([second], 1, edit: 2);
        Tensor x = device.From(X, 1, C);
        float[] before = adaptor.Output(adaptor.Fire(x, RowTokens.None)).ToArray();

        adaptor = adaptor.WithWithdrawn(1, true);
        Assert.False(adaptor.Fire(x, RowTokens.None)[0].Adds);
        Assert.Null(Added(adaptor, x));
        adaptor = adaptor.WithWithdrawn(1, false);
        Assert.Equal(before, adaptor.Output(adaptor.Fire(x, RowTokens.None)).ToArray());

        Assert.Equal((1, FiringState.Answers), (adaptor.Fire(x, RowTokens.None)[0].Edit, adaptor.Fire(x, RowTokens.None)[0].State));
        Assert.False(adaptor.Fire(x, RowTokens.None, [1])[0].Adds); // as if it were withdrawn
        Assert.True(adaptor.Fire(x, RowTokens.None, [2])[0].Adds);
        adaptor = adaptor.WithWithdrawn(1, true);
        Assert.Equal(FiringState.Withdrawn, adaptor.Fire(x, RowTokens.None)[0].State);

        KeyValueAdaptor removed = new KeyValueAdaptor(device, 2, C, Activation.GeluTanh).With([Stored(2, second)]);
        Assert.Equal(Gelu(0.7 * (C - 1)) * 2, removed.Output(removed.Fire(x, RowTokens.None)).ToArray()[0], 1e-5);
    }

    [Fact]
    public void Withdrawn_edits_are_silent_from_the_start_when_loaded()
    {
        Edit edit = Stored(7, Neuron(X, 0.1f)) with { Status = EditStatus.Withdrawn };
        KeyValueAdaptor loaded = new KeyValueAdaptor(device, 2, C, Activation.GeluTanh).With([edit]);
        Assert.False(loaded.Fire(device.From(X, 1, C), RowTokens.None)[0].Adds);
    }

    [Fact]
    public void A_later_token_has_its_turn_where_the_text_ends_with_the_earlier_ones()
    {
        // Two edits whose second tokens' keys are the state itself; their first tokens differ.
        Neuron far = Neuron(Y, 0.5f), here = Neuron(X, 0.1f);
        Edit one = Stored(1, far, here) with { TargetTokens = [7, 3] }, other = Stored(2, far, here) with { TargetTokens = [8, 3] };
        Tensor x = device.From([.. X, .. X, .. X, .. X], 4, C);
        RowTokens texts = RowTokens.AtEnds([5, 7], [5, 8], [5], [7, 5]);
        foreach (bool asPublished in (bool[])[false, true])
        {
            Edit[] edits = [.. new[] { one, other }.Select(e => e with { Settings = Settings with { AsPublished = asPublished } })];
            foreach (bool before in (bool[])[false, true])
            {
                KeyValueAdaptor all = adaptor.Selecting(before).With(edits);
                Firing[] firings = all.Fire(x, texts);
                Assert.Equal(asPublished ? [1, 1, 1, 1] : [1L, 2, 0, 0], firings.Select(f => f.State == FiringState.Answers ? f.Edit : 0));
                Assert.Equal(asPublished ? 4 : 2, all.Nearest(device.From(X, 1, C), RowTokens.AtEnds([5]), 9).Count);
            }
        }
    }

    [Fact]
    public void Behind_its_very_prompt_an_edit_counts_its_tokens()
    {
        // "7 7 7 3" after prompt "1": all keys are alike, and each run of 7 ends with every shorter one.
        Edit edit = Stored(1, [.. Enumerable.Repeat(Neuron(X, 0.1f), 4)]) with { TargetTokens = [7, 7, 7, 3] };
        edit = edit with { Settings = Settings with { AsPublished = false } };
        Tensor x = device.From([.. Enumerable.Repeat(X, 5).SelectMany(row => row)], 5, C);
        RowTokens texts = RowTokens.AtEnds([9, 1], [1, 7], [1, 7, 7], [1, 7, 7, 7], [2, 7, 7]);
        Assert.Equal([0, 1, 2, 3, 0], adaptor.With([edit]).Fire(x, texts).Select(f => f.Part));
    }

    [Fact]
    public void A_withdrawn_edit_leaves_its_prompt_to_an_active_one_and_to_nobody_else()
    {
        Edit withdrawn = Stored(1, Neuron(X, 0.1f, value: 1)) with { Status = EditStatus.Withdrawn };
        Edit same = Stored(2, Neuron(X, 0.3f, value: 2)), another = same with { PromptTokens = [1, 2] };
        Tensor x = device.From(X, 1, C);
        Assert.Equal(2, adaptor.With([withdrawn, same]).Fire(x, RowTokens.None)[0].Edit);
        Assert.Equal(2, adaptor.With([withdrawn]).With([same]).Fire(x, RowTokens.None)[0].Edit); // whichever way they came
        Assert.Equal(FiringState.Withdrawn, adaptor.With([withdrawn, another]).Fire(x, RowTokens.None)[0].State);
        KeyValueAdaptor none = adaptor.With([withdrawn, same with { Status = EditStatus.Withdrawn }]);
        Assert.Equal(FiringState.Withdrawn, none.Fire(x, RowTokens.None)[0].State);
    }

    [Fact]
    public void Selecting_before_or_after_the_activation_differs_only_where_nothing_fires()
    {
        // Both below their thresholds: the nearer one has the more negative gelu.
        Neuron near = Neuron(X, 1.1f), far = Neuron(X, 3f);
        foreach (bool before in (bool[])[false, true])
        {
            var selecting = new KeyValueAdaptor(device, 2, C, Activation.GeluTanh).Selecting(before);
            selecting = selecting.With([near], 1, 1);
            selecting = selecting.With([far], 1, 2);
            Assert.Equal(before ? 0 : 1, selecting.Fire(device.From(X, 1, C), RowTokens.None)[0].Index);
        }
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.QuickGelu)]
    public void A_neuron_answers_by_the_models_own_activation_and_is_silent_where_that_is_zero(Activation f)
    {
        Tensor x = device.From(X, 1, C);
        foreach (float theta in (float[])[0.4f, 1.2f]) // above its threshold and just below it
        {
            var one = new KeyValueAdaptor(device, 2, C, f);
            one = one.With([Neuron(X, theta, value: 2)], alpha: 0.5f, edit: 1);
            double expected = Reference.Activate((1 - theta) * (C - 1), f);
            Firing[] response = one.Fire(x, RowTokens.None);
            Assert.Equal(0.5 * expected, response[0].Strength, 1e-5);
            Assert.Equal(expected != 0, response[0].Adds);
            Assert.Equal(0.5 * expected * 2, one.Output(response).ToArray()[0], 1e-5);
            Assert.Equal(expected > 0 ? FiringState.Answers : FiringState.Below, response[0].State);
        }

        // Every activation is exactly 0 far enough below, also where infinite values would show the slightest trace.
        var far = new KeyValueAdaptor(device, 2, C, f);
        far = far.With([Neuron(X, theta: 20, value: float.PositiveInfinity)], alpha: 1, edit: 1);
        Tensor sum = device.From(X, 1, C);
        far.AddAll(KeyValueAdaptor.Standardize(x), sum);
        Assert.Equal(X, sum.ToArray());
        Assert.Null(Added(far, x));
    }

    [Fact]
    public void Training_sees_the_sum_of_all_neurons_that_may_answer()
    {
        adaptor = adaptor.With([Neuron(X, 0.2f, value: 1)], 0.5f, edit: 1);
        adaptor = adaptor.With([Neuron(X, 0.4f, value: 10)], 2f, edit: 2);
        adaptor = adaptor.With([Neuron(X, 0.1f, value: 100)], 1f, edit: 3);
        adaptor = adaptor.WithWithdrawn(3, true);
        Tensor sum = device.From([1, .. new float[C - 1]], 1, C);
        adaptor.AddAll(KeyValueAdaptor.Standardize(device.From(X, 1, C)), sum);
        Assert.Equal(1 + 0.5 * Gelu(0.8 * (C - 1)) + 20 * Gelu(0.6 * (C - 1)), sum.ToArray()[0], 1e-4);
    }

    [Fact]
    public void An_empty_adaptor_says_nothing()
    {
        Tensor sum = device.From(X, 1, C);
        adaptor.AddAll(device.From(X, 1, C), sum);
        Assert.Equal(X, sum.ToArray());
        Assert.Null(Added(adaptor, device.From(X, 1, C)));
        Assert.Equal(FiringState.None, adaptor.Fire(device.From(X, 1, C), RowTokens.None)[0].State);
        Assert.False(adaptor.Fire(device.From(X, 1, C), RowTokens.None)[0].Adds);
    }

    [Fact]
    public void It_grows_without_forgetting_and_outlives_the_scopes_it_grew_in()
    {
        for (int i = 0; i < 100; i++)
        {
            using BufferScope scope = device.Scope();
            adaptor = adaptor.With([Neuron([.. X.Select((v, c) => v + MathF.Sin(i * C + c))], 0.5f, value: i)], 1, edit: i + 1);
        }

        for (int i = 0; i < 100; i++)
        {
            Tensor x = device.From([.. X.Select((v, c) => v + MathF.Sin(i * C + c))], 1, C);
            Assert.Equal(i, adaptor.Fire(x, RowTokens.None)[0].Index);
        }

        Assert.Equal(100, adaptor.Count);
    }

    /// <summary>What the adaptor's opening makes of a block's output of 0 when the MLP reads x; null where it leaves it alone.</summary>
    private static float[]? Added(KeyValueAdaptor adaptor, Tensor x)
    {
        Opening opening = EditedModel.OpeningOf(adaptor, _ => { });
        return opening.Change(x, x.Device.Zeros(x.Shape), RowTokens.None)?.Value.ToArray();
    }

    private static Neuron Neuron(float[] state, float theta, float value = 1) => new(
        TargetToken: 3, [.. Standardized(state).Select(k => (float)k)], [.. Enumerable.Repeat(value, C)], theta * (C - 1), []);

    private static IReVaSettings Settings => new() { Layer = 2, Alpha = 1 };

    private static Edit Stored(long id, params Neuron[] neurons) => new()
    {
        Id = id,
        Request = new EditRequest("prompt", "target"),
        PromptTokens = [1],
        TargetTokens = [3],
        Settings = Settings,
        Parts = IReVaParts.Parts(neurons),
    };

    private static double[] Standardized(float[] x)
    {
        double mean = x.Average(), variance = x.Sum(v => (v - mean) * (v - mean)) / (x.Length - 1);
        return [.. x.Select(v => (v - mean) / Math.Sqrt(variance + 1e-8))];
    }

    private static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();

    private static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    private static bool Close(double expected, double actual) => Math.Abs(expected - actual) < 1e-5;
}

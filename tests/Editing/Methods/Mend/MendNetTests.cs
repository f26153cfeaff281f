using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Mend;

/// <summary>The network of MEND, and the loss that it is trained with, from first principles.</summary>
public sealed class MendNetTests : MethodTests
{
    private static readonly MendSettings Small = new() { Layer = 5, Layers = 2, Rank = 6, Rate = -2e-4f };

    private EditTokens Zelda => Request(new("The Legend of Zelda is developed by", "Nintendo")).Tokens;

    private EditTokens Twain => Request(new("Mark Twain died in the city of", "Vienna")).Tokens;

    [Fact]
    public void It_begins_as_the_identity_so_that_an_edit_is_its_normalised_gradient_times_the_rate()
    {
        var net = new MendNet(Small, Model, seed: 1);
        EditGradient gradient = EditGradient.Of(Model, Small, [Twain], CancellationToken.None)[0];
        net.Count([gradient]);
        IReadOnlyList<RankTerms> changes = net.Change(Constants(net), gradient);
        Assert.Equal(Small.Matrices, changes.Select(change => change.Matrix));
        foreach (int which in (int[])[0, 1, 2, 3])
        {
            float[][] seen = [.. gradient.Rows.Where((_, m) => m % 2 == which % 2).SelectMany(rows => rows.Together())]; // of one shape
            MatrixRows rows = gradient.Rows[which];
            for (int t = 0; t < rows.Inputs.Length; t++)
            {
                double[] expected = Whitened(rows.Together()[t], seen);
                int inputs = rows.Inputs[t].Length;
                Near([.. expected[..inputs].Select(x => x * Small.Rate)], Row(changes[which].Left, t));
                Near(expected[inputs..], Row(changes[which].Right, t));
            }
        }
    }

    [Fact]
    public void Statistics_count_what_it_is_trained_on_and_nothing_else()
    {
        var net = new MendNet(Small, Model, seed: 1);
        EditGradient gradient = EditGradient.Of(Model, Small, [Twain], CancellationToken.None)[0];
        net.Count([gradient]);
        float[] counted = net.State[0].Value.ToArray();
        net.Change(Constants(net), gradient);
        Assert.Equal(counted, net.State[0].Value.ToArray());
        Assert.Equal(gradient.Rows.Where((_, m) => m % 2 == 0).Sum(rows => rows.Inputs.Length), counted[0]);
    }

    [Fact]
    public void Gradients_of_the_loss_are_those_of_differences_for_every_weight_and_for_the_rates()
    {
        MendNet net = Moved();
        net.Count(EditGradient.Of(Model, Small, [Zelda, Twain], CancellationToken.None));
        SlopeCheck.Run(Model, net, Zelda, Twain);
    }

    [Fact]
    public void The_published_step_size_is_that_of_the_published_size()
    {
        var xl = new Sharpformer.Transformer.ModelConfig
        {
            ModelType = "gpt2",
            NEmbd = 1600,
            NLayer = 48,
            NHead = 25,
            NPositions = 1024,
            VocabSize = 50257,
            NInner = 6400,
        };
        var settings = MendSettings.For(xl);
        Assert.Equal(
            (47, 3, 1920, 1e-4f, true), (settings.Layer, settings.Layers, settings.Rank, settings.Rate, settings.NeedsNet));
        Assert.Equal(1e-6, MendNet.LearningRate(settings, xl), 1e-12);
        Assert.InRange(MendNet.LearningRate(MendSettings.For(Model.Config), Model.Config), 1e-5, 3e-5);
    }

    /// <summary>A network of which no weight is what it begins as.</summary>
    private MendNet Moved()
    {
        var net = new MendNet(Small, Model, seed: 1);
        var rng = new Rng(2);
        foreach ((string name, Tensor value, _) in net.Weights)
        {
            double size = name == "rates" ? 1e-4 : 0.05;
            Device.Upload([.. value.ToArray().Select(x => (float)(x + size * rng.NextNormal()))], value);
        }

        return net;
    }

    private static Variable[] Constants(MendNet net) => [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];

    private static double[] Whitened(float[] row, float[][] seen) => [.. row.Select((value, i) =>
    {
        double mean = seen.Average(one => (double)one[i]), squares = seen.Sum(one => Math.Pow(one[i] - mean, 2));
        return (value - mean) / (Math.Sqrt(squares / (seen.Length - 1)) + 1e-7);
    })];

    private static float[] Row(Variable x, int row) => x.Value.Slice(row, 1).ToArray();

    private static void Near(double[] expected, float[] actual) => Assert.InRange(
        Distance([.. expected.Select(x => (float)x)], actual) / Norm(actual), 0, 1e-4);
}

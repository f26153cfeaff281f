using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Methods.Trained;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Editing.Methods.KnowledgeEditor;

/// <summary>The network of KnowledgeEditor from first principles.</summary>
public sealed class KeNetTests : MethodTests
{
    private static readonly KeSettings Small = new() { Layer = 5, Layers = 1, Condition = 6, Hidden = 5 };

    private EditTokens Zelda => Request(new("The Legend of Zelda is developed by", "Nintendo")).Tokens;

    private EditTokens Twain => Request(new("Mark Twain died in the city of", "the old Vienna")).Tokens;

    [Fact]
    public void With_a_mask_of_ones_and_nothing_added_it_is_a_plain_step_along_the_gradient()
    {
        MatrixRows rows = EditGradient.Of(Model, Small, [Twain], CancellationToken.None)[0].Rows[0];
        (int inputs, int outputs) = (rows.Inputs[0].Length, rows.Gradients[0].Length);
        KeMasks plain = new(Row(inputs, 1), Row(outputs, 1), Row(inputs, 0), Row(outputs, 0), Row(1, -0.25f));
        double[] change = Dense(new KeNet(Small, Model, seed: 1).Masked(rows, plain));
        Near(Gradient(rows, (_, _) => -0.25), change);
    }

    [Fact]
    public void The_change_is_the_gradient_under_a_mask_of_rank_one_and_a_term_of_rank_one_times_the_gate()
    {
        var net = new KeNet(Small with { MaxScale = 3 }, Model, seed: 1);
        EditGradient gradient = EditGradient.Of(Model, Small, [Twain], CancellationToken.None)[0];
        Variable condition = Device.From([0.3f, -0.2f, 0.9f, -1, 0.5f, 0.1f], 1, 6);
        foreach (MatrixRows rows in gradient.Rows)
        {
            KeMasks masks = net.MasksOf(Constants(net), condition, rows.Matrix);
            float[] alphaRow = masks.AlphaRow.Value.ToArray(), alphaColumn = masks.AlphaColumn.Value.ToArray();
            float[] betaRow = masks.BetaRow.Value.ToArray(), betaColumn = masks.BetaColumn.Value.ToArray();
            Assert.Equal(1, alphaRow.Sum(), 1e-5f);
            Assert.Equal(1, betaRow.Sum(), 1e-5f);
            double scale = masks.Scale.Value.ToScalar();
            Assert.InRange(scale, 0.1, 2.9);
            RankTerms terms = net.Masked(rows, masks);
            Assert.Equal(rows.Inputs.Length + 1, terms.Left.Value.Rows);
            double[] expected = Gradient(rows, (i, o) => scale * alphaRow[i] * alphaColumn[o]);
            for (int i = 0; i < expected.Length; i++)
                expected[i] += scale * betaRow[i / betaColumn.Length] * betaColumn[i % betaColumn.Length];
            Near(expected, Dense(terms));
        }
    }

    [Fact]
    public void A_closed_gate_changes_nothing()
    {
        var net = new KeNet(Small, Model, seed: 1);
        foreach ((string name, Tensor value, _) in net.Weights)
        {
            if (!name.EndsWith("second.bias", StringComparison.Ordinal)) continue;
            float[] closed = value.ToArray();
            closed[^1] = -1e30f;
            Device.Upload(closed, value);
        }

        EditGradient gradient = EditGradient.Of(Model, Small, [Zelda], CancellationToken.None)[0];
        Assert.All(net.Change(Constants(net), gradient), terms => Assert.All(terms.Left.Value.ToArray(), x => Assert.Equal(0, x)));
    }

    [Fact]
    public void The_text_is_read_in_both_directions_and_the_order_counts()
    {
        var net = new KeNet(Small, Model, seed: 1);
        EditGradient gradient = EditGradient.Of(Model, Small, [Zelda], CancellationToken.None)[0];
        float[] read = Left(Zelda), again = Left(Zelda);
        Assert.Equal(read, again);
        Assert.NotEqual(read, Left(Zelda with { Prompt = [.. Zelda.Prompt.Reverse()] }));
        Assert.NotEqual(read, Left(Zelda with { Target = [Zelda.Target[0] + 1] }));

        float[] Left(EditTokens text) => net.Change(Constants(net), gradient with { Edits = [text] })[0].Left.Value.ToArray();
    }

    [Fact]
    public void Gradients_of_the_loss_are_those_of_differences_for_every_weight()
    {
        var net = new KeNet(Small with { MaxScale = 20 }, Model, seed: 1);
        SlopeCheck.Run(Model, net, Zelda, Twain);
    }

    [Fact]
    public void The_published_step_size_is_that_of_the_published_width()
    {
        Assert.Equal(1e-3, KeNet.LearningRate(Model.Config), 1e-9);
        Assert.Equal(1e-5, KeNet.LearningRate(Model.Config with { NEmbd = 1600 }), 1e-12);
        Assert.Equal(1e-5, KeNet.LearningRate(Model.Config with { NEmbd = 4096 }), 1e-12);
    }

    [Fact]
    public void An_LSTM_is_what_its_formula_says()
    {
        const int Inputs = 3, H = 2;
        var lstm = new LongShortTermMemory("l", H);
        TrainedWeight[] weights = [.. lstm.Begin(Device, Inputs, new Rng(7))];
        Assert.Equal(["l.input", "l.hidden", "l.bias"], weights.Select(weight => weight.Name));
        float[][] x = [[0.5f, -1, 2], [0, 3, -0.25f], [1, 1, 1]];
        Tensor text = Device.From([.. x.SelectMany(row => row)], 3, Inputs);
        float[] actual = lstm.Read(text, [0, 1, 2], name => weights.Single(weight => weight.Name == name).Value).Value.ToArray();

        double[][] W = [.. weights.Select(weight => Array.ConvertAll(weight.Value.ToArray(), v => (double)v))];
        double[] h = new double[H], c = new double[H];
        foreach (float[] row in x)
        {
            double[] gates = [.. Enumerable.Range(0, 4 * H).Select(g => W[2][g]
                + Enumerable.Range(0, Inputs).Sum(i => W[0][(g * Inputs) + i] * row[i])
                + Enumerable.Range(0, H).Sum(i => W[1][(g * H) + i] * h[i]))];
            for (int i = 0; i < H; i++)
                c[i] = (Sigmoid(gates[H + i]) * c[i]) + (Sigmoid(gates[i]) * Math.Tanh(gates[(2 * H) + i]));
            h = [.. Enumerable.Range(0, H).Select(i => Sigmoid(gates[(3 * H) + i]) * Math.Tanh(c[i]))];
        }

        for (int i = 0; i < H; i++) Assert.Equal(h[i], actual[i], 1e-6);

        static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));
    }

    [Fact]
    public void Rows_of_a_normed_map_are_as_long_as_it_says_whatever_their_vectors_length()
    {
        var map = new NormedLinear("m");
        TrainedWeight[] weights = [.. map.Begin(Device, 3, 2, new Rng(1))];
        Tensor x = Device.From([1, -2, 0.5f], 1, 3);
        float[] v = weights[0].Value.ToArray(), bias = weights[2].Value.ToArray(), first = Forward();
        for (int o = 0; o < 2; o++) // as drawn it is a plain linear map
            Assert.Equal(bias[o] + v[3 * o] - (2 * v[(3 * o) + 1]) + (0.5 * v[(3 * o) + 2]), first[o], 1e-6);
        Device.Upload(Array.ConvertAll(v, value => 8 * value), weights[0].Value);
        Assert.All(first.Zip(Forward()), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));

        float[] Forward() => map.Forward(x, name => weights.Single(weight => weight.Name == name).Value).Value.ToArray();
    }

    private Variable Row(int columns, float value) => Device.From([.. Enumerable.Repeat(value, columns)], 1, columns);

    private static Variable[] Constants(KeNet net) => [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];

    /// <summary>Σ_t x_t·δ_tᵀ, each element scaled, <c>[in,out]</c>.</summary>
    private static double[] Gradient(MatrixRows rows, Func<int, int, double> scale)
    {
        int outputs = rows.Gradients[0].Length;
        var sum = new double[rows.Inputs[0].Length * outputs];
        for (int t = 0; t < rows.Inputs.Length; t++)
            for (int i = 0; i < sum.Length; i++)
                sum[i] += scale(i / outputs, i % outputs) * rows.Inputs[t][i / outputs] * rows.Gradients[t][i % outputs];
        return sum;
    }

    private static double[] Dense(RankTerms terms)
    {
        int outputs = terms.Right.Value.Columns;
        float[][] left = [.. terms.Left.Value.ToArray().Chunk(terms.Left.Value.Columns)];
        float[][] right = [.. terms.Right.Value.ToArray().Chunk(outputs)];
        var sum = new double[left[0].Length * outputs];
        for (int t = 0; t < left.Length; t++)
            for (int i = 0; i < sum.Length; i++) sum[i] += (double)left[t][i / outputs] * right[t][i % outputs];
        return sum;
    }

    private static void Near(double[] expected, double[] actual) => Assert.InRange(
        Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum() / expected.Sum(e => e * e)), 0, 1e-5);
}

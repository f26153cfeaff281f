using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Malmen;

/// <summary>MALMEN's network and its ridge regression, from first principles.</summary>
public sealed class MalmenNetTests : MethodTests
{
    private static readonly MalmenSettings Small = new() { Layer = 5, Layers = 2, Rank = 6, Rate = 2e-3f };

    private EditTokens[] Edits =>
    [
        Request(new("The Legend of Zelda is developed by", "Nintendo")).Tokens,
        Request(new("Mark Twain died in the city of", "the town of Vienna")).Tokens,
        Request(new("Mike Trout plays in the position of", "outfielder")).Tokens,
    ];

    [Fact]
    public void It_begins_as_ultraedits_formula_with_the_raw_key_times_the_whitened_one()
    {
        var net = new MalmenNet(Small, Model, seed: 1);
        EditGradient joint = Joint(net);
        foreach (MatrixRows rows in joint.Rows)
        {
            float[][] moves = [.. net.Moves(Constants(net), rows).Value.ToArray().Chunk(Model.Config.NEmbd)];
            float[][] seen = [.. joint.Rows.SelectMany(one => one.Together())];
            for (int t = 0; t < moves.Length; t++)
            {
                double[] whitened = Whitened(rows.Together()[t], seen);
                double dot = rows.Inputs[t].Select((h, i) => h * whitened[i]).Sum();
                float[] expected = [.. whitened.Skip(rows.Inputs[t].Length).Select(g => (float)(-Small.Rate * dot * g))];
                Assert.InRange(Distance(expected, moves[t]) / Norm(expected), 0, 1e-4);
            }
        }
    }

    [Fact]
    public void A_great_ridge_leaves_the_sum_of_outer_products_divided_by_it()
    {
        float[][] keys = Rows(5, 8, 1);
        Variable wanted = Device.From([.. Rows(5, 3, 2).SelectMany(row => row)], 5, 3);
        float[] solved = RidgeSolve.Of(keys, wanted, Device.From([20f], 1, 1)).Value.ToArray();
        float[] expected = [.. wanted.Value.ToArray().Select(d => (float)(d / Math.Exp(20)))];
        Assert.InRange(Distance(expected, solved) / Norm(expected), 0, 1e-6);
    }

    [Fact]
    public void The_solution_is_that_of_the_normal_equations()
    {
        float[][] K = Rows(6, 9, 3), D = Rows(6, 4, 4);
        double ridge = Math.Exp(0.3f);
        float[] v = RidgeSolve.Of(K, Device.From([.. D.SelectMany(row => row)], 6, 4), Device.From([0.3f], 1, 1)).Value.ToArray();
        double Delta(int i, int c) => Enumerable.Range(0, 6).Sum(t => K[t][i] * (double)v[(t * 4) + c]); // ΔW = Kᵀ·Ṽ
        for (int i = 0; i < 9; i++)
        {
            for (int c = 0; c < 4; c++) // (Kᵀ·K + e^λ·I)·ΔW = Kᵀ·D
            {
                double left = ridge * Delta(i, c), right = 0;
                for (int t = 0; t < 6; t++)
                {
                    left += K[t][i] * Enumerable.Range(0, 9).Sum(j => K[t][j] * Delta(j, c));
                    right += K[t][i] * (double)D[t][c];
                }

                Assert.Equal(right, left, 1e-4);
            }
        }
    }

    [Fact]
    public void Gradients_for_what_is_wanted_and_for_the_ridge_are_those_of_differences()
    {
        float[][] keys = Rows(5, 8, 5);
        float[] wanted = [.. Rows(5, 3, 6).SelectMany(row => row)], counts = [.. Rows(5, 3, 7).SelectMany(row => row)];
        var tape = new Tape();
        Variable d = tape.Parameter(Device.From(wanted, 5, 3)), lambda = tape.Parameter(Device.From([0.4f], 1, 1));
        tape.Backward(Ops.Sum(Ops.Multiply(RidgeSolve.Of(keys, d, lambda), Device.From(counts, 5, 3))));
        for (int i = 0; i < wanted.Length; i++)
        {
            int at = i;
            Slope(step => Loss([.. wanted.Select((w, j) => j == at ? w + step : w)], 0.4f), d.Gradient!.ToArray()[i]);
        }

        Slope(step => Loss(wanted, 0.4f + step), lambda.Gradient!.ToArray()[0]);

        double Loss(float[] of, float logRidge) => RidgeSolve.Of(keys, Device.From(of, 5, 3), Device.From([logRidge], 1, 1))
            .Value.ToArray().Zip(counts, (v, c) => (double)v * c).Sum();

        static void Slope(Func<float, double> loss, double expected) =>
            Assert.Equal(expected, (loss(0.0625f) - loss(-0.0625f)) / 0.125, 2e-3);
    }

    [Fact]
    public void Gradients_of_the_loss_are_those_of_differences_for_every_weight()
    {
        MalmenNet net = Moved();
        net.Count(EditGradient.Of(Model, Small, Edits, CancellationToken.None));
        SlopeCheck.Run(Model, net, Edits[0], Edits[1]);
    }

    [Fact]
    public void Asked_one_by_one_a_joint_change_has_the_gradients_of_all_questions_on_one_tape()
    {
        MalmenNet net = Moved();
        EditGradient joint = Joint(net);
        var loss = new MetaLoss(Model, net, new MetaWeights(0.7, 1.3));
        KeptText[] unrelated = [KeptText.Behind(Edits[2].Prompt)];

        var all = new Tape();
        Variable[] at = [.. net.Weights.Select(weight => all.Parameter(weight.Value))];
        IReadOnlyList<RankTerms> terms = net.Change(at, joint);
        Variable sum = Ops.Add(loss.Of(terms, Edits[0], unrelated).Loss, loss.Of(terms, Edits[1], unrelated).Loss);
        all.Backward(Ops.Scale(sum, 0.5f));

        var outer = new Tape();
        Variable[] parameters = [.. net.Weights.Select(weight => outer.Parameter(weight.Value))];
        var change = new JointChange(net.Change(parameters, joint), 2);
        double value = change.Step(one => loss.Of(one, Edits[0], unrelated)).Loss.Value.ToScalar()
            + change.Step(one => loss.Of(one, Edits[1], unrelated)).Loss.Value.ToScalar();
        outer.Backward(change.Slope());
        Assert.Equal(sum.Value.ToScalar(), value, 1e-4);
        for (int w = 0; w < parameters.Length; w++)
        {
            float[] expected = at[w].Gradient!.ToArray();
            Assert.InRange(Distance(expected, parameters[w].Gradient!.ToArray()), 0, 1e-4 * Norm(expected));
        }
    }

    [Fact]
    public void An_edit_taken_from_its_batch_leaves_what_the_others_are_without_it()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        var settings = (MalmenSettings)TinyNet.Write(folder.File("net"), Small, Model);
        TokenizedRequest[] requests =
        [
            Request(new("The Legend of Zelda is developed by", "Nintendo")), Request(new("Mark Twain died in the city of", "Vienna")),
            Request(new("Mike Trout plays in the position of", "outfielder")),
        ];
        var editor = new MalmenEditor();
        Edit[] three = Taught(requests), two = Taught([requests[0], requests[2]]);
        EditedModel without = editor.Apply(new EditedModel(Model), [three[0], Withdrawn(three[1]), three[2]]);
        EditedModel never = editor.Apply(new EditedModel(Model), two); // whose gradients are those of the base model, too
        foreach (int layer in (int[])[4, 5]) Assert.Equal(Weight(never, layer), Weight(without, layer));

        Edit[] Taught(TokenizedRequest[] of) => [.. editor.Teach(of, new EditedModel(Model), settings, new TeachingContext
        {
            Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId, NetFile = folder.File("net"), Model = TinyNet.Bundled,
        })];
    }

    private EditGradient Joint(MalmenNet net)
    {
        IReadOnlyList<EditGradient> gradients = EditGradient.Of(Model, Small, Edits, CancellationToken.None);
        net.Count(gradients);
        return EditGradient.Together(gradients);
    }

    /// <summary>A network of which no weight is what it begins as.</summary>
    private MalmenNet Moved()
    {
        var net = new MalmenNet(Small, Model, seed: 1);
        var rng = new Rng(2);
        foreach ((string name, Tensor value, _) in net.Weights)
        {
            double size = name == "rates" ? 1e-3 : 0.05;
            Device.Upload([.. value.ToArray().Select(x => (float)(x + size * rng.NextNormal()))], value);
        }

        return net;
    }

    private static Variable[] Constants(MalmenNet net) => [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];

    private static double[] Whitened(float[] row, float[][] seen) => [.. row.Select((value, i) =>
    {
        double mean = seen.Average(one => (double)one[i]), squares = seen.Sum(one => Math.Pow(one[i] - mean, 2));
        return (value - mean) / (Math.Sqrt(squares / (seen.Length - 1)) + 1e-7);
    })];

    private static float[][] Rows(int count, int columns, ulong seed)
    {
        var rng = new Rng(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float[])[.. Enumerable.Range(0, columns).Select(_ => (float)rng.NextNormal())])];
    }
}

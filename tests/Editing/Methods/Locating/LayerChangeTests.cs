using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Locating;

/// <summary>The solution of size E×E against those of size m×m, on random numbers and the weights of tiny models.</summary>
public sealed class LayerChangeTests : IDisposable
{
    private const int Layer = 1;

    private readonly CpuDevice device = new(2);

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("gpt2-tiny-f32", 1, 3.0, 1e-6)]
    [InlineData("gpt2-tiny-f32", 9, 20.0, 1e-6)]
    [InlineData("gpt2-tiny-f32", 9, 0.01, 1e-6)]
    [InlineData("gpt2-tiny-f32", 300, 1.0, 5e-6)] // more edits than a key has numbers: D's rounding counts more
    [InlineData("gpt-neo-tiny", 5, 3.0, 1e-6)]
    [InlineData("gpt-j-tiny", 5, 3.0, 1e-6)]
    public void The_change_is_R_Kt_over_lambda_C_plus_K_Kt(string name, int edits, double lambda, double tolerance)
    {
        CausalLm model = Load(name);
        (SymmetricMatrix covariance, EditColumn[] columns) = Problem(model, edits);
        var change = new LayerChange(model, Layer, device);
        change.Add(columns, lambda);

        int m = model.Config.NInner;
        SymmetricMatrix system = Sum(lambda, covariance, columns);
        Cholesky factor = Cholesky.Factor(system, device);
        double[][] solved = [.. columns.Select(column => factor.Solve([.. column.Key.Select(x => (double)x)]))];
        AssertClose(Outer(solved, columns, m), Delta(model, change.Model), tolerance);
    }

    [Fact]
    public void Batches_that_spare_one_another_are_the_solution_with_the_earlier_keys_beside_the_known_ones()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        int m = model.Config.NInner;
        const double Lambda = 0.7;
        double[][] free = Directions(m, m / 3);
        EditColumn[] columns = [.. Problem(model, 12).Columns.Select(column => column with { Dual = Projected(column.Key) })];
        EditColumn[][] batches = [columns[..5], columns[5..6], columns[6..]];
        var change = new LayerChange(model, Layer, device);
        change.Add([], batches, [Lambda, Lambda, Lambda]);

        var expected = new double[m * model.Config.NEmbd];
        for (int b = 0; b < batches.Length; b++) // ΔW = Û·(K̂·K̂ᵀ + λI)⁻¹·K̂·Rᵀ over the keys so far, only this batch's residuals
        {
            double[][] hats = [.. batches.Take(b + 1).SelectMany(batch => batch).Select(column => Along(column.Key))];
            var system = new SymmetricMatrix(free.Length);
            for (int i = 0; i < free.Length; i++)
                for (int j = 0; j <= i; j++) system[i, j] = hats.Sum(hat => hat[i] * hat[j]);
            Cholesky factor = Cholesky.Factor(system, device, Lambda);
            double[][] solved = [.. batches[b].Select(column => Back(factor.Solve(Along(column.Key))))];
            double[] term = Outer(solved, batches[b], m);
            for (int i = 0; i < expected.Length; i++) expected[i] += term[i];
        }

        AssertClose(expected, Delta(model, change.Model), 2e-6);

        var step = new LayerChange(model, Layer, device); // one after the other: the same bits
        for (int b = 0; b < batches.Length; b++) step.Add([.. batches.Take(b).SelectMany(batch => batch)], [batches[b]], [Lambda]);
        Devices.SameBits(Weight(change.Model), Weight(step.Model), "one by one, at once");

        double[] Along(float[] key) => [.. free.Select(u => key.Zip(u, (k, x) => k * x).Sum())];

        double[] Back(double[] hat) => [.. Enumerable.Range(0, m).Select(i => hat.Zip(free, (h, u) => h * u[i]).Sum())];

        float[] Projected(float[] key) => [.. Back(Along(key)).Select(x => (float)x)];
    }

    [Fact]
    public void Without_lambda_every_key_gives_its_residual()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        (_, EditColumn[] columns) = Problem(model, 20);
        var change = new LayerChange(model, Layer, device);
        change.Add(columns, 0);
        AssertGives(Delta(model, change.Model), columns, share: 1, 1e-4); // weights are float32 of the size of the change
    }

    [Fact]
    public void A_single_key_gives_its_residual_but_for_lambda()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        (_, EditColumn[] columns) = Problem(model, 1);
        double s = columns[0].Key.Zip(columns[0].Dual, (k, d) => (double)k * d).Sum();
        var change = new LayerChange(model, Layer, device);
        change.Add(columns, 0.4 * s);
        AssertGives(Delta(model, change.Model), columns, share: 1 / 1.4, 1e-5);
    }

    [Fact]
    public void Without_a_free_direction_nothing_changes()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        EditColumn[] columns = [.. Problem(model, 3).Columns.Select(column => column with { Dual = new float[column.Dual.Length] })];
        var change = new LayerChange(model, Layer, device);
        Assert.Same(model, change.Model);
        change.Add(columns, 1);
        Devices.SameBits(Weight(model), Weight(change.Model), "the weight");
    }

    [Fact]
    public void The_order_within_a_batch_is_rounding_and_threads_are_not_even_that()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        (_, EditColumn[] columns) = Problem(model, 30);
        var forward = new LayerChange(model, Layer, device);
        forward.Add(columns, 2);
        var backward = new LayerChange(model, Layer, device);
        backward.Add([.. columns.Reverse()], 2);
        AssertClose([.. Delta(model, forward.Model).Select(x => (double)x)], Delta(model, backward.Model), 1e-6);
        using var one = new CpuDevice(1);
        var alone = new LayerChange(model, Layer, one);
        alone.Add(columns, 2);
        Devices.SameBits(Weight(forward.Model), Weight(alone.Model), "threads");
    }

    private CausalLm Load(string name) => CausalLm.Load(TestFiles.Golden(Path.Combine("families", name)), device);

    /// <summary>C of keys some of whose numbers are hardly ever active, and edits whose residuals are large beside the weights.</summary>
    private (SymmetricMatrix Covariance, EditColumn[] Columns) Problem(CausalLm model, int edits)
    {
        int m = model.Config.NInner, C = model.Config.NEmbd;
        var rng = new Rng(7);
        var moment = new SecondMoment(m);
        for (int n = 0; n < 4 * m; n++) moment.Add(Key(), device);
        SymmetricMatrix covariance = moment.Mean(SecondMoment.DefaultRidge);
        Cholesky factor = Cholesky.Factor(covariance, device);
        return (covariance, [.. Enumerable.Range(0, edits).Select(_ => Column(Key()))]);

        EditColumn Column(float[] key) => new(
            key, [.. factor.Solve([.. key.Select(x => (double)x)]).Select(x => (float)x)],
            [.. Enumerable.Range(0, C).Select(_ => 100 * (float)rng.NextNormal())]);

        float[] Key() => [.. Enumerable.Range(0, m).Select(i => (float)(rng.NextNormal() * Math.Exp(-3.0 * i / m) + 0.2))];
    }

    private static SymmetricMatrix Sum(double lambda, SymmetricMatrix covariance, EditColumn[] columns)
    {
        var sum = new SymmetricMatrix(covariance.Size);
        for (int i = 0; i < sum.Size; i++)
            for (int j = 0; j <= i; j++) sum[i, j] = lambda * covariance[i, j] + columns.Sum(c => (double)c.Key[i] * c.Key[j]);
        return sum;
    }

    /// <summary>Σ a·rᵀ, <c>[m,C]</c>.</summary>
    private static double[] Outer(double[][] left, EditColumn[] columns, int m)
    {
        int C = columns[0].Residual.Length;
        double[] sum = new double[m * C];
        for (int e = 0; e < left.Length; e++)
            for (int i = 0; i < m; i++)
                for (int c = 0; c < C; c++) sum[i * C + c] += left[e][i] * columns[e].Residual[c];
        return sum;
    }

    /// <summary>How the weight has changed, <c>[m,C]</c> however it lies.</summary>
    private static float[] Delta(CausalLm before, CausalLm after)
    {
        float[] was = Weight(before), now = Weight(after);
        int m = before.Config.NInner, C = before.Config.NEmbd;
        bool isOutIn = before.Blocks[Layer].Mlp.Down.IsOutIn;
        return [.. Enumerable.Range(0, m * C).Select(at => isOutIn ? at % C * m + at / C : at).Select(at => now[at] - was[at])];
    }

    private static float[] Weight(CausalLm model) => model.Blocks[Layer].Mlp.Down.Matrices[0].Value.ToArray();

    private static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        double distance = Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum()), norm = Math.Sqrt(expected.Sum(e => e * e));
        Assert.True(distance < tolerance * norm, $"{distance / norm:g3} of the change, expected below {tolerance:g3}");
    }

    private static void AssertGives(float[] delta, EditColumn[] columns, double share, double tolerance)
    {
        foreach (EditColumn column in columns)
        {
            int C = column.Residual.Length;
            double norm = Math.Sqrt(column.Residual.Sum(x => (double)x * x));
            for (int c = 0; c < C; c++)
            {
                double given = 0;
                for (int i = 0; i < column.Key.Length; i++) given += (double)column.Key[i] * delta[i * C + c];
                Assert.Equal(share * column.Residual[c], given, tolerance * norm);
            }
        }
    }

    /// <summary>Directions at right angles.</summary>
    private double[][] Directions(int m, int count)
    {
        var rng = new Rng(11);
        var matrix = new SymmetricMatrix(m);
        for (int i = 0; i < m; i++)
            for (int j = 0; j <= i; j++) matrix[i, j] = rng.NextNormal();
        return [.. SymmetricEigen.Of(matrix, device).Vectors(count).Chunk(m)];
    }
}

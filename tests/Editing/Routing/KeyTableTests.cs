using Sharpformer.Editing;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Editing.Routing;

/// <summary>The nearest key decides, against float64.</summary>
public sealed class KeyTableTests : IDisposable
{
    private const int Width = 8;

    private readonly CpuDevice device = new(threads: 1);

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData(KeyMetric.Distance, 0f)]
    [InlineData(KeyMetric.Distance, 1000f)] // far from the origin, where squares lose what is small beside them
    [InlineData(KeyMetric.Cosine, 0f)]
    public void The_nearest_of_many_is_the_nearest_in_float64(KeyMetric metric, float offset)
    {
        var rng = new Rng(7);
        float[][] keys = [.. Enumerable.Range(0, 300).Select(_ => Vector(rng, metric, offset))];
        float[][] rows = [.. Enumerable.Range(0, 50).Select(_ => Vector(rng, metric, offset))];
        var table = new KeyTable(device, metric, [.. keys.Select((key, i) => new EditKey(i + 1, 0, i, key, -1e9f))]);
        Firing[] firings = table.Fire(Rows(rows));
        for (int r = 0; r < rows.Length; r++)
        {
            double[] expected = [.. keys.Select(key => Score(metric, key, rows[r]))];
            int best = Array.IndexOf(expected, expected.Max());
            Assert.Equal(best + 1, firings[r].Edit);
            IReadOnlyList<Firing> nearest = table.Nearest(Rows([rows[r]]), 5);
            Assert.Equal([.. expected.Select((score, i) => (score, i)).OrderByDescending(e => e.score).Take(5).Select(e => e.i + 1L)],
                nearest.Select(firing => firing.Edit));
        }
    }

    [Theory]
    [InlineData(KeyMetric.Distance)]
    [InlineData(KeyMetric.Cosine)]
    public void A_key_speaks_above_its_threshold_and_not_at_it(KeyMetric metric)
    {
        float[] key = [1, 0, 0, 0, 0, 0, 0, 0], row = [0.6f, 0.8f, 0, 0, 0, 0, 0, 0];
        var score = (float)Score(metric, key, row);
        foreach ((float threshold, bool speaks) in new[] { (score - 1e-3f, true), (score + 1e-3f, false) })
        {
            var table = new KeyTable(device, metric, [new EditKey(3, 1, 9, key, threshold)]);
            Firing firing = table.Fire(Rows([row]))[0];
            Assert.Equal(speaks ? FiringState.Answers : FiringState.Below, firing.State);
            Assert.Equal(speaks, firing.Adds);
            Assert.Equal((3L, 1, 9), (firing.Edit, firing.Part, firing.Token));
            Assert.Equal(score, firing.Score, 1e-5f);
            Assert.Equal(speaks ? 1 : 0, table.Claims(Rows([row]))[0].Count);
        }
    }

    [Fact]
    public void Of_equally_near_keys_the_older_speaks_and_without_it_the_other_does()
    {
        float[] key = [3, 1, 4, 1, 5, 9, 2, 6];
        var table = new KeyTable(device, KeyMetric.Distance, [new EditKey(5, 0, 1, key, -1), new EditKey(2, 0, 2, key, -1)]);
        Tensor read = Rows([key, key, key]);
        Firing[] firings = table.Fire(read, [null, 5, 2]);
        Assert.Equal([5L, 2L, 5L], firings.Select(firing => firing.Edit));
        Assert.All(firings, firing => Assert.Equal(1f, firing.Margin)); // a distance of exactly 0
        Assert.Equal([5L, 2L], table.Claims(Rows([key]))[0].Select(firing => firing.Edit));
    }

    [Fact]
    public void The_nearest_decides_even_where_only_another_is_in_its_radius()
    {
        float[] row = [0, 0, 0, 0, 0, 0, 0, 0], near = [1, 0, 0, 0, 0, 0, 0, 0], far = [0, 2, 0, 0, 0, 0, 0, 0];
        var table = new KeyTable(device, KeyMetric.Distance, [new EditKey(1, 0, 1, near, -0.5f), new EditKey(2, 0, 2, far, -3)]);
        Assert.Equal((1L, false), (table.Fire(Rows([row]))[0].Edit, table.Fire(Rows([row]))[0].Adds));
    }

    [Fact]
    public void Without_keys_nothing_speaks()
    {
        var table = new KeyTable(device, KeyMetric.Cosine, []);
        Tensor read = Rows([new float[Width], new float[Width]]);
        Assert.All(table.Fire(read), firing => Assert.Equal(FiringState.None, firing.State));
        Assert.All(table.Claims(read), Assert.Empty);
        Assert.Empty(table.Nearest(Rows([new float[Width]]), 3));
        Assert.False(table.Holds(0));
    }

    private static float[] Vector(Rng rng, KeyMetric metric, float offset)
    {
        double[] x = [.. Enumerable.Range(0, Width).Select(_ => rng.NextDouble() - 0.5 + offset)];
        double norm = metric == KeyMetric.Cosine ? Math.Sqrt(x.Sum(v => v * v)) : 1;
        return [.. x.Select(v => (float)(v / norm))];
    }

    private static double Score(KeyMetric metric, float[] key, float[] row) => metric == KeyMetric.Cosine
        ? key.Zip(row, (x, y) => (double)x * y).Sum()
        : -Math.Sqrt(key.Zip(row, (x, y) => ((double)x - y) * ((double)x - y)).Sum());

    private Tensor Rows(float[][] rows) => device.From([.. rows.SelectMany(row => row)], rows.Length, Width);
}

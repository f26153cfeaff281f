using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Methods.Gradients;

public sealed class RunningMomentsTests
{
    private static readonly float[][] Rows = [.. Enumerable.Range(0, 57).Select(t => Row(t))];

    [Fact]
    public void Portion_by_portion_they_are_those_of_all_rows_at_once()
    {
        var moments = new RunningMoments(3);
        foreach (float[][] portion in Rows.Chunk(10)) moments.Add(portion);
        Assert.Equal(57, moments.Count);
        for (int c = 0; c < 3; c++)
        {
            double mean = Rows.Average(row => (double)row[c]), squares = Rows.Sum(row => (row[c] - mean) * (row[c] - mean));
            Assert.Equal(mean, moments.Mean[c], 12);
            Assert.Equal(squares, moments.Squares[c], 9);
        }
    }

    [Fact]
    public void Whitened_rows_have_mean_zero_and_variance_one()
    {
        var moments = new RunningMoments(3);
        moments.Add(Rows);
        double[][] whitened = [.. Rows.Select(moments.Whiten)];
        for (int c = 0; c < 3; c++)
        {
            Assert.Equal(0, whitened.Average(row => row[c]), 6);
            Assert.Equal(1, whitened.Sum(row => row[c] * row[c]) / 56, 5);
        }
    }

    [Fact]
    public void Unbiased_variances_that_are_multiplied_by_B_count_too_much()
    {
        var moments = new RunningMoments(1);
        moments.Add([[1], [3]], unbiased: true); // variance 2, twice
        moments.Add([[5]], unbiased: true); // a lone row has none; 3 above the mean, 2 rows to 1
        Assert.Equal(4 + 9 * 2 * 1 / 3.0, moments.Squares[0], 12);
        Assert.Equal(3, moments.Mean[0], 12);
    }

    [Fact]
    public void A_column_that_never_changes_stays_finite()
    {
        var moments = new RunningMoments(2);
        moments.Add([[0, 1], [0, 2]]);
        Assert.Equal(0, moments.Whiten([0, 1])[0]);
        Assert.True(double.IsFinite(moments.Whiten([1e-3f, 1])[0]));
    }

    [Fact]
    public void A_copy_goes_its_own_way_and_written_down_they_come_back()
    {
        var moments = new RunningMoments(3);
        moments.Add(Rows);
        RunningMoments copy = moments.Copy();
        copy.Add([Row(1000)]);
        Assert.NotEqual(moments.Mean[0], copy.Mean[0]);
        RunningMoments back = RunningMoments.Of(
            moments.Count, [.. moments.Mean.Select(v => (float)v)], [.. moments.Squares.Select(v => (float)v)]);
        Assert.Equal(moments.Count, back.Count);
        Assert.Equal(moments.Mean[2], back.Mean[2], 5);
    }

    private static float[] Row(int t)
    {
        var rng = new Rng((ulong)t);
        return [(float)rng.NextDouble(), 100 + (float)rng.NextDouble(), 10 * (float)rng.NextDouble()];
    }
}

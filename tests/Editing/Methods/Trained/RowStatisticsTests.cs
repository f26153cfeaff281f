using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Editing.Methods.Trained;

public sealed class RowStatisticsTests : IDisposable
{
    private readonly CpuDevice device = new(1);

    public void Dispose() => device.Dispose();

    [Fact]
    public void Counted_row_by_row_they_are_those_of_two_passes()
    {
        var rng = new Rng(5);
        float[][] rows = [.. Enumerable.Range(0, 301).Select(r => (float[])
            [(float)rng.NextNormal(), (float)(1000 + rng.NextNormal()), (float)(rng.NextNormal() * 1e-6), 7])];
        var statistics = new RowStatistics(device.Zeros(new Shape(RowStatistics.Parts, 4)));
        foreach (float[][] batch in rows.Chunk(23)) statistics.Add(batch);
        float[] normalized = statistics.Normalized([rows[17]], device).ToArray();
        for (int i = 0; i < 4; i++)
        {
            double mean = rows.Average(row => (double)row[i]), squares = rows.Sum(row => Math.Pow(row[i] - mean, 2));
            double expected = (rows[17][i] - mean) / (Math.Sqrt(squares / (rows.Length - 1)) + 1e-7);
            Assert.Equal(expected, normalized[i], i == 1 ? 1e-3 : 1e-5); // beside 1000 a float32 keeps 6e-5 of a deviation of 1
        }
    }

    [Fact]
    public void What_never_changes_is_zero_and_of_one_row_nothing_is_known()
    {
        var statistics = new RowStatistics(device.Zeros(new Shape(RowStatistics.Parts, 2)));
        statistics.Add([[3, -4]]);
        Fails.With<InputException>("of one position only, expected two or more", () => statistics.Normalized([[3, -4]], device));
        statistics.Add([[3, -4]]);
        Assert.Equal([0f, 0], statistics.Normalized([[3, -4]], device).ToArray());
    }

    [Fact]
    public void Behind_as_many_rows_as_float32_counts_nothing_moves_any_more()
    {
        Tensor tensor = device.From([1 << 24, 0.5f, 1 << 22], 3, 1);
        float[] before = tensor.ToArray();
        new RowStatistics(tensor).Add([[100]]);
        Assert.Equal(before, tensor.ToArray());
    }
}

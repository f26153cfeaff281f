using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class RowMathTests
{
    private static readonly int[] Lengths = [.. Enumerable.Range(0, 100), 1003, 4096];

    [Fact]
    public void Sums_match_float64_for_every_length()
    {
        foreach (int n in Lengths)
        {
            float[] x = Devices.Values(n, 1), y = Devices.Values(n, 2);
            double tolerance = 1e-6 * (n + 1);
            Devices.Close(x.Sum(v => (double)v), RowMath.Sum(x), tolerance, $"sum of {n}");
            Devices.Close(x.Zip(y, (a, b) => (double)a * b).Sum(), RowMath.Dot(x, y), tolerance, $"dot of {n}");
            Devices.Close(
                x.Zip(y, (a, b) => (a - 0.7f) * (double)b).Sum(), RowMath.CenteredDot(x, 0.7f, y), tolerance, $"centred dot of {n}");
            Devices.Close(x.Sum(v => (v - 0.7) * (v - 0.7)), RowMath.SquaredDeviation(x, 0.7f), 5 * tolerance, $"squares of {n}");
            Assert.Equal(x.Sum(v => (double)v), RowMath.SumInDouble(x), 1e-12 * (n + 1));
        }
    }

    [Fact]
    public void What_lies_beside_a_row_is_neither_read_nor_written()
    {
        foreach (int n in Lengths)
        {
            float[] around = [.. Enumerable.Repeat(float.NaN, n + 20)], outOf = [.. around];
            Devices.Values(n).CopyTo(around, 10);
            Span<float> x = around.AsSpan(10, n), y = outOf.AsSpan(10, n);
            float max = RowMath.Max(x);
            Assert.True(float.IsFinite(RowMath.Sum(x) + RowMath.Dot(x, x) + RowMath.SquaredDeviation(x, 1) + RowMath.CenteredDot(x, 1, x)));
            Assert.True(double.IsFinite(RowMath.SumInDouble(x) + RowMath.SumExp(x, max)));
            RowMath.ExpShifted(x, 1, max, y);
            RowMath.Map(x, y, default(MultiplyAdd));
            RowMath.Map(x, x, y, default(MultiplyAdd));
            RowMath.Map(x, x, x, y, default(MultiplyAdd));
            for (int i = 0; i < outOf.Length; i++) Assert.Equal(i < 10 || i >= n + 10, float.IsNaN(outOf[i]));
        }
    }

    [Fact]
    public void The_largest_is_found_wherever_it_stands()
    {
        Assert.Equal(float.NegativeInfinity, RowMath.Max([]));
        for (int n = 1; n < 80; n++)
        {
            for (int at = 0; at < n; at++)
            {
                float[] x = [.. Enumerable.Repeat(-300f, n)];
                x[at] = -299;
                Assert.Equal(-299, RowMath.Max(x));
                x[at] = float.PositiveInfinity;
                Assert.Equal(float.PositiveInfinity, RowMath.Max(x));
            }
        }
    }

    [Fact]
    public void Exponentials_and_their_sum_match_float64()
    {
        foreach (int n in Lengths)
        {
            float[] x = Devices.Values(n, n), y = new float[n], same = [.. x];
            double sum = RowMath.ExpShifted(x, 3, 6.5f, y);
            Assert.Equal(x.Sum(v => Math.Exp(3.0 * v - 6.5)), sum, 1e-6 * (n + 1));
            Assert.Equal(y.Sum(v => (double)v), sum, 1e-14 * (n + 1));
            for (int i = 0; i < n; i++) Devices.Close(Math.Exp(3.0 * x[i] - 6.5), y[i], 1e-6 * y[i], $"element {i} of {n}");
            Assert.Equal(sum, RowMath.ExpShifted(same, 3, 6.5f, same));
            Devices.SameBits(y, same, "in place");

            RowMath.ExpShifted(x, 1, 2, y);
            Assert.Equal(RowMath.ExpShifted(x, 1, 2, y), RowMath.SumExp(x, 2));
        }

        Assert.True(double.IsNaN(RowMath.SumExp([0, float.NaN, 0], 0)));
        Assert.True(double.IsNaN(RowMath.ExpShifted([0, float.NaN, 0, 0, 0, 0, 0, 0, 0], 1, 0, new float[9])));
        Assert.Equal(1, RowMath.SumExp([300, -300, float.NegativeInfinity], 300));
    }

    [Fact]
    public void Maps_take_one_two_or_three_rows_and_work_in_place()
    {
        foreach (int n in Lengths)
        {
            float[] x = Devices.Values(n, 1), y = Devices.Values(n, 2), z = Devices.Values(n, 3), w = new float[n];
            RowMath.Map(x, w, default(MultiplyAdd));
            Assert.Equal(x.Select(v => v * v + v), w);
            RowMath.Map(x, y, w, default(MultiplyAdd));
            Assert.Equal(x.Select((v, i) => v * y[i] + y[i]), w);
            RowMath.Map(x, y, z, w, default(MultiplyAdd));
            Assert.Equal(x.Select((v, i) => v * y[i] + z[i]), w);
            RowMath.Map(x, y, z, z, default(MultiplyAdd));
            Assert.Equal(w, z);
            RowMath.Map(x, y, x, default(MultiplyAdd));
            Assert.Equal(Devices.Values(n, 1).Select((v, i) => v * y[i] + y[i]), x);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => RowMath.Map([1, 2, 3], new float[2], default(MultiplyAdd)));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowMath.Dot([1, 2, 3], [1, 2]));
    }

    private readonly struct MultiplyAdd : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x * y + z;
    }
}

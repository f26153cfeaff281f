using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Tests.Tensors.LinearAlgebra;

public sealed class SecondMomentTests : IDisposable
{
    private readonly CpuDevice device = new(2);

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(11, 3)]
    [InlineData(12, 240)]
    [InlineData(13, 241)]
    [InlineData(59, 500)]
    [InlineData(130, 30)]
    public void The_mean_is_the_brute_force_sum_to_the_last_bit(int size, int rows)
    {
        float[] vectors = Vectors(size, rows);
        var moment = new SecondMoment(size);
        moment.Add(vectors, device);
        Assert.Equal((size, rows), (moment.Size, (int)moment.Count));
        SymmetricMatrix mean = moment.Mean();
        double trace = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                double sum = 0;
                for (int r = 0; r < rows; r++) sum += (double)vectors[r * size + i] * vectors[r * size + j];
                Assert.Equal(sum / rows, mean[i, j]);
            }

            trace += mean[i, i];
        }

        Assert.Equal(trace, mean.Trace());
        SymmetricMatrix more = moment.Mean(0.5);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++) Assert.Equal(i == j ? mean[i, i] + 0.5 * trace / size : mean[i, j], more[i, j]);
        }
    }

    [Fact]
    public void Neither_tiles_nor_threads_change_a_bit()
    {
        const int Size = 77, Rows = 700;
        float[] vectors = Vectors(Size, Rows);
        SecondMoment expected = new(Size);
        expected.Add(vectors, device);
        foreach (int threads in new[] { 1, 2, 3, 8 })
        {
            using var other = new CpuDevice(threads);
            SecondMoment moment = new(Size);
            var random = new Random(threads);
            for (int row = 0; row < Rows;)
            {
                int rows = Math.Min(Rows - row, random.Next(300));
                moment.Add(vectors.AsSpan(row * Size, rows * Size), other);
                row += rows;
            }

            Assert.Equal(Rows, moment.Count);
            AssertSame(expected.Mean(), moment.Mean());
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void A_vector_that_is_no_number_is_refused_before_anything_is_added(float value)
    {
        var moment = new SecondMoment(3);
        moment.Add([1, 2, 3], device);
        SymmetricMatrix before = moment.Mean();
        var error = Assert.Throws<InputException>(() => moment.Add([1, 1, 1, 0, value, 0], device));
        string expected = FormattableString.Invariant($"Vector 2 of a second moment holds {value} at 1, ");
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, moment.Count);
        AssertSame(before, moment.Mean());
    }

    [Fact]
    public void Extremes_of_float32_are_summed_without_loss()
    {
        var moment = new SecondMoment(2);
        moment.Add([float.MaxValue, float.Epsilon, float.MaxValue, float.Epsilon], device);
        SymmetricMatrix mean = moment.Mean();
        Assert.Equal((double)float.MaxValue * float.MaxValue, mean[0, 0]);
        Assert.Equal((double)float.MaxValue * float.Epsilon, mean[1, 0]);
        Assert.Equal((double)float.Epsilon * float.Epsilon, mean[1, 1]);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused()
    {
        var moment = new SecondMoment(3);
        Assert.Throws<ArgumentException>(() => moment.Add([1, 2], device));
        Assert.Throws<InvalidOperationException>(() => moment.Mean());
        moment.Add([], device);
        Assert.Throws<InvalidOperationException>(() => moment.Mean());
        moment.Add([1, 2, 3], device);
        Assert.Throws<ArgumentOutOfRangeException>(() => moment.Mean(-1));
    }

    internal static float[] Vectors(int size, int rows)
    {
        var rng = new Rng((ulong)size);
        float[] vectors = new float[size * rows];
        for (int i = 0; i < vectors.Length; i++) vectors[i] = (float)(3 * rng.NextDouble() - 1);
        return vectors;
    }

    internal static void AssertSame(SymmetricMatrix expected, SymmetricMatrix actual)
    {
        Assert.Equal(expected.Size, actual.Size);
        for (int i = 0; i < expected.Size; i++)
        {
            for (int j = 0; j < expected.Size; j++)
                Assert.Equal(BitConverter.DoubleToInt64Bits(expected[i, j]), BitConverter.DoubleToInt64Bits(actual[i, j]));
        }
    }
}

using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class RowSoftmaxTests
{
    private static readonly int[] Lengths = [1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33, 40, 63, 64, 65, 100, 1024, 1031];

    [Fact]
    public void Softmax_is_that_of_float64_and_zero_beyond_the_visible_columns()
    {
        var rng = new Rng(5);
        foreach (int length in Lengths)
            foreach (int visible in (int[])[1, (length + 1) / 2, Math.Max(1, length - 1), length])
                foreach (float scale in (float[])[0, 0.125f, 1, 3])
                {
                    float[] x = Row(rng, length, visible, 30);
                    double[] expected = Softmax(x, visible, scale);
                    RowSoftmax.Forward(x, visible, scale);
                    for (int i = 0; i < length; i++)
                    {
                        Assert.True(
                            Math.Abs(x[i] - expected[i]) <= 4e-7 * expected[i] + 2e-45,
                            $"{i} of {visible} of {length}, scale {scale}: {x[i]} is not {expected[i]}");
                    }
                }
    }

    /// <summary>Against one that is 1, each other shows its exponential: 2 ulp, and at most one step of the subnormal numbers.</summary>
    [Fact]
    public void The_exponential_is_within_two_ulp()
    {
        var rng = new Rng(6);
        float[] x = new float[2], one = new float[1];
        for (int i = 0; i < 2_000_000; i++)
        {
            float value = (float)(-104 * rng.NextDouble() * (i % 2 == 0 ? 1 : rng.NextDouble()));
            (x[0], x[1]) = (0, value);
            RowSoftmax.Forward(x, 2, 1);
            double exact = Math.Exp(value) / (1 + Math.Exp(value));
            double step = Math.Max(MathF.BitIncrement((float)exact) - (float)exact, 1.5e-45);
            Assert.True(Math.Abs(x[1] - exact) <= 3 * step, $"exp {value}: {x[1]} is not {exact}"); // 2, and one for the division
        }
    }

    [Fact]
    public void Extremes_do_not_overflow()
    {
        float[] x = [300, -300, float.NegativeInfinity, -3e38f, 3e38f];
        RowSoftmax.Forward(x, 4, 1);
        Assert.Equal([1, 0, 0, 0, 0], x);
        x = [3e38f, -3e38f, 0];
        RowSoftmax.Forward(x, 3, 100);
        Assert.Equal([1, 0, 0], x);
        x = [-3e38f, 3e38f];
        RowSoftmax.Forward(x, 2, 0);
        Assert.Equal([0.5f, 0.5f], x);
        x = [5, 6, float.PositiveInfinity, float.NaN];
        RowSoftmax.Forward(x, 0, 1);
        Assert.Equal([0, 0, 0, 0], x);
        RowSoftmax.Forward([], 0, 1);
        foreach (int place in (int[])[0, 3, 9, 40])
        {
            x = new float[41];
            x[place] = float.NaN;
            RowSoftmax.Forward(x, 41, 1);
            Assert.All(x, v => Assert.True(float.IsNaN(v)));
        }
    }

    [Fact]
    public void The_derivative_is_that_of_float64_and_zero_beyond_the_visible_columns()
    {
        var rng = new Rng(7);
        foreach (int length in Lengths)
            foreach (int visible in (int[])[0, 1, (length + 1) / 2, length])
            {
                float[] p = Row(rng, length, visible, 1), dP = Row(rng, length, visible, 2);
                double mean = Enumerable.Range(0, visible).Sum(i => (double)p[i] * dP[i]);
                double[] expected = [.. Enumerable.Range(0, length).Select(i => i < visible ? 0.3 * p[i] * (dP[i] - mean) : 0)];
                RowSoftmax.Backward(p, dP, visible, 0.3f);
                for (int i = 0; i < length; i++) Assert.Equal(expected[i], dP[i], 1e-6 * (1 + length));
            }
    }

    [Fact]
    public void More_visible_columns_than_there_are_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RowSoftmax.Forward(new float[3], 4, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowSoftmax.Forward(new float[3], -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowSoftmax.Backward(new float[3], new float[3], 4, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowSoftmax.Backward(new float[2], new float[3], 2, 1));
    }

    /// <summary>Numbers up to ±<paramref name="range"/>; what is not visible is infinite or not a number.</summary>
    private static float[] Row(Rng rng, int length, int visible, float range) =>
    [
        .. Enumerable.Range(0, length).Select(
            i => i < visible ? (float)(range * (2 * rng.NextDouble() - 1)) : i % 2 == 0 ? float.PositiveInfinity : float.NaN),
    ];

    private static double[] Softmax(float[] x, int visible, double scale)
    {
        double[] e = new double[x.Length];
        float highest = x[..visible].Max();
        for (int i = 0; i < visible; i++) e[i] = Math.Exp(scale * (float)(x[i] - highest)); // the difference as float32 has it
        double sum = e.Sum();
        return [.. e.Select(v => v / sum)];
    }
}

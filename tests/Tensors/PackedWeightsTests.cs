using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>Products with stored weights: packed once, again and again, or as they go, the bits are the same.</summary>
public sealed class PackedWeightsTests
{
    private const int Rows = 530, Columns = 2070; // several depth blocks, several column blocks, ragged ends

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(20)]
    [InlineData(96)]
    [InlineData(130)]
    public void Kept_weights_give_the_bits_of_weights_packed_as_they_go(int m)
    {
        foreach (bool transposed in (bool[])[false, true])
        {
            float[][] results = [.. from threads in (int[])[1, 2]
                                    from room in (long[])[0, 1 << 30]
                                    from product in Products(threads, room, m, transposed)
                                    select product];
            Assert.All(results, result => Assert.Equal(results[0], result));
            AssertIsProduct(results[0], m, transposed);
        }
    }

    [Fact]
    public void When_room_runs_out_the_rest_is_packed_as_it_goes()
    {
        var budget = new PackingBudget(1000);
        var weights = new PackedWeights(budget);
        HostBlock? first = Made(weights, new WeightView(1, 2, 3, 3, 1), 600);
        Assert.NotNull(first);
        Assert.Null(Made(weights, new WeightView(1, 3, 2, 1, 3), 600));
        Assert.Same(first, weights.Of(new WeightView(1, 2, 3, 3, 1), 600, out bool made));
        Assert.False(made);
        Assert.NotNull(Made(new PackedWeights(budget), new WeightView(1, 2, 3, 3, 1), 400));
    }

    /// <summary>What the product finds for which a packed form is made, those before having found nothing and made nothing.</summary>
    private static HostBlock? Made(PackedWeights weights, WeightView view, long bytes)
    {
        for (int product = 1; product < PackedWeights.Patience; product++)
        {
            Assert.Null(weights.Of(view, bytes, out bool early));
            Assert.False(early);
        }

        HostBlock? block = weights.Of(view, bytes, out bool made);
        Assert.Equal(block is not null, made);
        return block;
    }

    [Fact]
    public void Memory_to_compute_in_is_never_kept_packed()
    {
        using var device = new CpuDevice(1);
        Tensor a = device.From([1], 1, 1), b = device.From([2], 1, 1), c = device.Allocate(1, 1);
        device.Gemm(a, b, c);
        device.Fill(b, 3);
        device.Gemm(a, b, c);
        Assert.Equal(3, c.ToScalar());
    }

    /// <summary>The same product on one device: the last but one packs the weights, the last finds them.</summary>
    private static IEnumerable<float[]> Products(int threads, long room, int m, bool transposed)
    {
        using var device = new CpuDevice(threads, GemmKernel.Vector256, room);
        byte[] stored = MemoryMarshal.AsBytes(Weights().AsSpan()).ToArray();
        Tensor weights = device.Load(MappedBytes.Copy(stored), DType.F16, new Shape(Rows, Columns));
        MatrixView b = transposed ? MatrixView.Of(weights).Transposed : weights;
        Tensor a = device.From(Left(m, b.Rows), m, b.Rows), c = device.Allocate(m, b.Columns);
        for (int time = 0; time <= PackedWeights.Patience; time++)
        {
            device.Fill(c, float.NaN);
            device.Gemm(a, b, c);
            yield return c.ToArray();
        }
    }

    private static void AssertIsProduct(float[] c, int m, bool transposed)
    {
        Half[] b = Weights();
        (int k, int n) = transposed ? (Columns, Rows) : (Rows, Columns);
        float[] a = Left(m, k);
        for (int j = 0; j < n; j += 97)
        {
            double sum = 0, magnitude = 0;
            for (int i = 0; i < k; i++)
            {
                double term = a[(m - 1) * k + i] * (double)b[transposed ? j * Columns + i : i * Columns + j];
                sum += term;
                magnitude += Math.Abs(term);
            }

            Assert.InRange(c[(m - 1) * n + j] - sum, -1e-6 * magnitude, 1e-6 * magnitude);
        }
    }

    private static Half[] Weights()
    {
        var rng = new Rng(5);
        return [.. Enumerable.Range(0, Rows * Columns).Select(_ => (Half)(rng.NextDouble() - 0.5))];
    }

    private static float[] Left(int m, int k)
    {
        var rng = new Rng(6);
        return [.. Enumerable.Range(0, m * k).Select(_ => (float)(rng.NextDouble() - 0.5))];
    }
}

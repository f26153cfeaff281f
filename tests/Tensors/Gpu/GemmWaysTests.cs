using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors.Gpu;

/// <summary>
/// The kernels for products on ILGPU's simulation, where a barrier of many threads takes milliseconds: small, odd extents. Each is
/// held against float64, and all must give the bits of the plain kernel.
/// </summary>
public sealed class GemmWaysTests : IDisposable
{
    private static readonly (bool, bool)[] Orientations = [(false, false), (false, true), (true, false), (true, true)];

    private readonly GpuDevice device = GpuDevice.Simulated();

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Tiles_hold_against_float64_in_every_orientation(DType dtype)
    {
        foreach ((bool transposeA, bool transposeB) in Orientations)
        {
            Check(GemmWay.Tile, new Problem(5, 7, 9, transposeA, transposeB, dtype));
            Check(GemmWay.SmallTile, new Problem(36, 20, 20, transposeA, transposeB, dtype), accumulate: true);
            Check(GemmWay.SmallTile, new Problem(19, 33, 17, transposeA, transposeB, dtype));
        }

        Check(GemmWay.Tile, new Problem(132, 68, 4, false, false, dtype)); // aligned, two rows of groups
        Check(GemmWay.Tile, new Problem(67, 133, 3, true, true, dtype), accumulate: true);
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Skinny_products_of_one_to_sixteen_rows_hold_against_float64(DType dtype)
    {
        for (int m = 1; m <= GemmSkinnyKernels.MostRows; m++)
        {
            bool transposeA = m % 5 == 2, transposeB = m % 2 == 0;
            Check(GemmWay.Skinny, new Problem(m, 11, 37, transposeA, !transposeB, dtype), accumulate: m % 3 == 0);
            Check(GemmWay.Skinny, new Problem(m, 4, 40, false, transposeB, dtype), accumulate: m % 3 == 1);
        }
    }

    [Fact]
    public void Long_sums_have_the_same_bits_whichever_kernel_takes_them()
    {
        // 3 chains, the last one ragged; the tiles' groups share them.
        foreach (bool transposeB in (bool[])[false, true])
        {
            var problem = new Problem(9, 6, 2 * GemmArguments.Chain + 21, false, transposeB, DType.F16);
            Check(GemmWay.Skinny, problem, accumulate: true);
            Check(GemmWay.SmallTile, problem, accumulate: true);
            Check(GemmWay.SmallTile, problem);
            Check(GemmWay.Skinny, problem with { M = 1 });
        }

        Check(GemmWay.Tile, new Problem(3, 8, GemmArguments.Chain + 20, false, false, DType.F32), accumulate: true);
    }

    [Fact]
    public void More_rows_than_a_skinny_product_has_go_the_plain_way() =>
        Check(GemmWay.Skinny, new Problem(GemmSkinnyKernels.MostRows + 1, 5, 6, false, false, DType.F32));

    [Theory]
    [InlineData("Skinny", 3)]
    [InlineData("SmallTile", 3)]
    [InlineData("SmallTile", 4)]
    [InlineData("Tile", 4)]
    public void Heads_interleaved_in_a_batch_need_no_copy(string name, int headSize)
    {
        // queries and keys of [B,T,2C]; scores are [B,H,T,T], the first T of S columns. An odd head size leaves vectors unaligned.
        const int B = 2, T = 5, H = 2, S = 7;
        int C = H * headSize;
        float[] x = Devices.Values(B * T * 2 * C);
        Tensor both = device.From([99, .. x], 1 + B * T * 2 * C);
        Tensor scores = device.Zeros(new Shape(B, H, T, S));
        var query = new MatrixView(both, 1, T, headSize, 2 * C, 1, B, (long)T * 2 * C, H, headSize);
        device.GemmAlways = Enum.Parse<GemmWay>(name);
        device.Gemm(query, (query with { Offset = 1 + C }).Transposed, new MatrixView(scores, 0, T, T, S, 1, B, H * T * S, H, T * S));
        float[] actual = scores.ToArray();
        for (int i = 0; i < actual.Length; i++)
        {
            int b = i / (H * T * S), h = i / (T * S) % H, t = i / S % T, s = i % S;
            double expected = 0;
            for (int d = 0; d < headSize && s < T; d++)
                expected += (double)x[(b * T + t) * 2 * C + h * headSize + d] * x[(b * T + s) * 2 * C + C + h * headSize + d];
            Devices.Close(expected, actual[i], 1e-5, $"score {b},{h},{t},{s}");
        }
    }

    [Theory]
    [InlineData("Skinny")]
    [InlineData("SmallTile")]
    [InlineData("Tile")]
    public void What_lies_beside_a_view_is_left_alone(string name)
    {
        // A product of 3 × 5 within 5 × 8, beginning at an odd place and at an aligned one.
        device.GemmAlways = Enum.Parse<GemmWay>(name);
        foreach (int offset in (int[])[9, 8])
        {
            Tensor c = device.Allocate(5, 8);
            device.Fill(c, 7);
            Tensor a = device.From(Devices.Values(6, 1), 3, 2), b = device.From(Devices.Values(10, 2), 2, 5);
            device.Gemm(a, b, new MatrixView(c, offset, 3, 5, 8, 1));
            float[] actual = c.ToArray();
            for (int i = 0; i < actual.Length; i++)
            {
                bool inside = i >= offset && (i - offset) / 8 < 3 && (i - offset) % 8 < 5;
                Assert.Equal(inside, actual[i] != 7);
            }
        }
    }

    [Theory]
    [InlineData("Skinny")]
    [InlineData("SmallTile")]
    [InlineData("Tile")]
    public void An_empty_sum_is_zero_and_adds_nothing(string name)
    {
        device.GemmAlways = Enum.Parse<GemmWay>(name);
        Tensor c = device.From([1, 2, 3, 4], 2, 2);
        device.Gemm(device.Allocate(2, 0), device.Allocate(0, 2), c, accumulate: true);
        Assert.Equal([1f, 2, 3, 4], c.ToArray());
        device.Gemm(device.Allocate(2, 0), device.Allocate(0, 2), c);
        Assert.Equal([0f, 0, 0, 0], c.ToArray());
    }

    [Theory]
    [InlineData("Skinny")]
    [InlineData("SmallTile")]
    public void Edges_do_not_bring_in_what_is_not_a_number(string name)
    {
        // The product's own elements follow IEEE rules; neighbours' infinities must not reach them over an edge.
        device.GemmAlways = Enum.Parse<GemmWay>(name);
        Tensor a = device.From([float.PositiveInfinity, 1, float.NaN, 0, 1e30f, 1], 3, 2), c = device.Allocate(3, 1);
        device.Gemm(a, device.From([1, 2], 2, 1), c);
        Assert.Equal([float.PositiveInfinity, float.NaN, 1e30f], c.ToArray());
    }

    [Fact]
    public void A_product_into_transposed_memory_goes_the_plain_way()
    {
        device.GemmAlways = GemmWay.SmallTile;
        Tensor c = device.Allocate(2, 3);
        device.Gemm(device.From([1, 2, 3], 3, 1), device.From([10, 100], 1, 2), MatrixView.Of(c).Transposed);
        Assert.Equal([10f, 20, 30, 100, 200, 300], c.ToArray());
    }

    [Fact]
    public void No_product_waits_for_the_host()
    {
        long waits = device.HostWaits;
        foreach (GemmWay way in Enum.GetValues<GemmWay>())
        {
            device.GemmAlways = way;
            device.Gemm(device.Zeros(new Shape(2, 300)), device.Zeros(new Shape(300, 2)), device.Allocate(2, 2));
        }

        Assert.Equal(waits, device.HostWaits);
    }

    private void Check(GemmWay way, Problem p, bool accumulate = false)
    {
        using BufferScope scope = device.Scope();
        float[] x = Devices.Values(p.M * p.K, 1), before = Devices.Values(p.M * p.N, 3);
        MatrixView a = p.TransposeA ? MatrixView.Of(device.From(x, p.K, p.M)).Transposed : device.From(x, p.M, p.K);
        Tensor stored = Devices.Stored(device, Devices.Values(p.K * p.N, 2), p.Type, p.TransposeB ? [p.N, p.K] : [p.K, p.N]);
        MatrixView b = p.TransposeB ? MatrixView.Of(stored).Transposed : stored;
        float[] y = stored.ToArray(), actual = Product(way), plain = Product(GemmWay.Plain);
        Devices.SameBits(plain, actual, $"{way} {p}");
        for (int i = 0; i < actual.Length; i++)
        {
            int row = i / p.N, column = i % p.N;
            double expected = accumulate ? before[i] : 0, size = Math.Abs(expected);
            for (int k = 0; k < p.K; k++)
            {
                double left = x[p.TransposeA ? k * p.M + row : row * p.K + k];
                double term = left * y[p.TransposeB ? column * p.K + k : k * p.N + column];
                expected += term;
                size += Math.Abs(term);
            }

            Devices.Close(expected, actual[i], 1e-6 * size, $"{way} {p} [{row},{column}]");
        }

        float[] Product(GemmWay chosen)
        {
            Tensor c = device.From(before, p.M, p.N);
            device.GemmAlways = chosen;
            device.Gemm(a, b, c, accumulate);
            return c.ToArray();
        }
    }

    private sealed record Problem(int M, int N, int K, bool TransposeA, bool TransposeB, DType Type);
}

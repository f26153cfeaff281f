using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

public sealed class GemmTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64_for_odd_shapes_in_every_orientation(string name)
    {
        using Device device = Devices.Create(name);
        int[][] shapes =
        [
            [1, 1, 1], [1, 7, 1], [2, 3, 5], [6, 16, 8], [7, 17, 9], [5, 31, 33], [12, 32, 256], [13, 33, 257],
            [1, 40, 300], [3, 70, 513], [20, 20, 32], [97, 50, 19], [103, 65, 270], [199, 35, 20], [98, 2055, 3], [100, 1, 64],
            [6, 0, 4], [0, 5, 4],
        ];
        foreach (int[] s in shapes)
        {
            foreach (bool transposeA in new[] { false, true })
            {
                foreach (bool transposeB in new[] { false, true })
                {
                    Check(device, s[0], s[1], s[2], transposeA, transposeB, DType.F32, (s[0] & 1) == 0);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Widens_stored_weights(string name)
    {
        using Device device = Devices.Create(name);
        foreach (DType dtype in new[] { DType.F16, DType.BF16 })
        {
            foreach (bool transposeB in new[] { false, true })
            {
                Check(device, 1, 37, 261, false, transposeB, dtype, false);
                Check(device, 9, 35, 30, false, transposeB, dtype, true);
                Check(device, 101, 70, 300, true, transposeB, dtype, false);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Multiplies_interleaved_attention_heads(string name)
    {
        // queries and keys of [B,T,3C] with H heads of D columns each; scores are [B,H,T,T].
        const int B = 3, T = 11, H = 4, D = 9, C = H * D;
        using Device device = Devices.Create(name);
        float[] x = Devices.Values(B * T * 3 * C);
        Tensor qkv = device.From(x, B, T, 3 * C);
        Tensor scores = device.Allocate(B, H, T, T);
        var query = new MatrixView(qkv, 0, T, D, 3 * C, 1, B, (long)T * 3 * C, H, D);
        MatrixView key = query with { Offset = C };
        device.Gemm(query, key.Transposed, new MatrixView(scores, 0, T, T, T, 1, B, H * T * T, H, T * T));
        float[] actual = scores.ToArray();
        for (int b = 0; b < B; b++)
        {
            for (int h = 0; h < H; h++)
            {
                for (int i = 0; i < T; i++)
                {
                    for (int j = 0; j < T; j++)
                    {
                        double expected = 0;
                        for (int d = 0; d < D; d++)
                            expected += (double)x[(b * T + i) * 3 * C + h * D + d] * x[(b * T + j) * 3 * C + C + h * D + d];
                        Devices.Close(expected, actual[((b * H + h) * T + i) * T + j], 1e-5, $"score {b},{h},{i},{j}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("cpu-vector128")]
    [InlineData("cpu-vector256")]
    [InlineData("cpu-vector512")]
    public void Same_bits_on_any_number_of_threads(string name)
    {
        GemmKernel kernel = Enum.Parse<GemmKernel>(name["cpu-".Length..], ignoreCase: true);
        float[] a = Devices.Values(301 * 530, 1), b = Devices.Values(530 * 210, 2);
        float[][] products = new float[4][];
        for (int threads = 1; threads <= 4; threads++)
        {
            using var device = new CpuDevice(threads, kernel);
            Tensor c = device.Allocate(301, 210);
            device.Gemm(device.From(a, 301, 530), device.From(b, 530, 210), c);
            products[threads - 1] = c.ToArray();
            Devices.SameBits(products[0], products[threads - 1], $"{threads} threads");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_row_has_the_same_bits_alone_as_among_many(string name)
    {
        const int M = 150, N = 83, K = 523;
        using Device device = Devices.Create(name);
        Tensor a = device.From(Devices.Values(M * K, 1), M, K);
        Tensor b = Devices.Stored(device, Devices.Values(N * K, 2), DType.F16, N, K);
        Tensor many = device.Allocate(M, N);
        device.Gemm(a, MatrixView.Of(b).Transposed, many);
        foreach (int rows in new[] { 1, 2, 5, 6, 13 })
        {
            Tensor few = device.Allocate(rows, N);
            device.Gemm(a.Slice(77, rows), MatrixView.Of(b).Transposed, few);
            Devices.SameBits(many.Slice(77, rows).ToArray(), few.ToArray(), $"{rows} rows");
        }

        // A column range of B, and the product as one of a batch, change nothing either.
        Tensor part = device.Allocate(M, 20);
        device.Gemm(a, MatrixView.Of(b.Slice(30, 20)).Transposed, part);
        float[] whole = many.ToArray(), columns = part.ToArray();
        for (int i = 0; i < columns.Length; i++)
            Assert.Equal(BitConverter.SingleToInt32Bits(whole[i / 20 * N + 30 + i % 20]), BitConverter.SingleToInt32Bits(columns[i]));
        Tensor batch = device.Allocate(M, N);
        device.Gemm(
            new MatrixView(a, 0, 1, K, K, 1, M, K),
            MatrixView.Of(b).Transposed with { Outer = M },
            new MatrixView(batch, 0, 1, N, N, 1, M, N));
        Devices.SameBits(whole, batch.ToArray(), "batch of rows");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Extremes_follow_IEEE_rules(string name)
    {
        using Device device = Devices.Create(name);
        Tensor a = device.From([float.PositiveInfinity, 1, float.NaN, 0, 1e30f, 1], 3, 2);
        Tensor b = device.From([1, 2], 2, 1);
        Tensor c = device.Allocate(3, 1);
        device.Gemm(a, b, c);
        Assert.Equal([float.PositiveInfinity, float.NaN, 1e30f], c.ToArray());
        device.Fill(c, 5);
        device.Gemm(device.Allocate(3, 0), device.Allocate(0, 1), c, accumulate: true);
        Assert.Equal([5f, 5, 5], c.ToArray());
        device.Gemm(device.Allocate(3, 0), device.Allocate(0, 1), c);
        Assert.Equal([0f, 0, 0], c.ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Refuses_what_does_not_fit(string name)
    {
        using Device device = Devices.Create(name);
        Tensor a = device.Zeros(new Shape(4, 3)), b = device.Zeros(new Shape(5, 6)), c = device.Zeros(new Shape(4, 6));
        Fails.With<ArgumentException>("[4,3]·[5,6], inner 3 ≠ 5", () => device.Gemm(a, b, c));
        Tensor b3 = device.Zeros(new Shape(3, 6));
        Fails.With<ArgumentException>("gives [4,6], the destination is [4,3]", () => device.Gemm(a, b3, a));
        Tensor half = Devices.Stored(device, new float[12], DType.F16, 4, 3);
        Fails.With<ArgumentException>("stored as F16, expected F32", () => device.Gemm(half, b3, c));
        Fails.With<ArgumentException>("reaches element", () => device.Gemm(MatrixView.Of(a) with { Offset = 1 }, b3, c));
        Fails.With<ArgumentException>(
            "one must be 1", () => device.Gemm(new MatrixView(a, 0, 1, 3, 7, 2), b3, device.Zeros(new Shape(1, 6))));
        Fails.With<ArgumentException>("batch", () => device.Gemm(MatrixView.Of(a) with { Outer = 2 }, b3, c));
        Tensor stored = Devices.Stored(device, new float[24], DType.F32, 4, 6);
        Fails.With<ArgumentException>("cannot be written", () => device.Gemm(a, b3, stored));
    }

    private static void Check(Device device, int m, int n, int k, bool transposeA, bool transposeB, DType dtype, bool accumulate)
    {
        using BufferScope scope = device.Scope();
        float[] x = Devices.Values((long)m * k, 1), c0 = Devices.Values((long)m * n, 3);
        Tensor a = transposeA ? device.From(x, k, m) : device.From(x, m, k);
        float[] weights = Devices.Values((long)n * k, 2);
        Tensor b = transposeB ? Devices.Stored(device, weights, dtype, n, k) : Devices.Stored(device, weights, dtype, k, n);
        float[] y = b.ToArray();
        Tensor c = device.From(c0, m, n);
        device.Gemm(transposeA ? MatrixView.Of(a).Transposed : a, transposeB ? MatrixView.Of(b).Transposed : b, c, accumulate);
        float[] actual = c.ToArray();
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double expected = accumulate ? c0[i * n + j] : 0, size = Math.Abs(expected);
                int ia = transposeA ? i : i * k, stepA = transposeA ? m : 1, ib = transposeB ? j * k : j, stepB = transposeB ? 1 : n;
                for (int l = 0; l < k; l++, ia += stepA, ib += stepB)
                {
                    double term = (double)x[ia] * y[ib];
                    expected += term;
                    size += Math.Abs(term);
                }

                float product = actual[i * n + j];
                if (!(Math.Abs(product - expected) <= 1e-6 * size))
                    Assert.Fail(
                        $"{m}×{n}×{k} {(transposeA ? 'T' : 'N')}{(transposeB ? 'T' : 'N')} {dtype} [{i},{j}]: "
                        + $"expected {expected:R}, got {product:R}.");
            }
        }
    }
}

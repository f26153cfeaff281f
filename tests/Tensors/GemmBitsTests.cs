using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>
/// A product goes one of several ways, by its extents and the layout of its factors. An element's bits must not tell
/// which: they are those of one chain of multiply-adds per 256 steps, the chains' results added in order.
/// </summary>
public sealed class GemmBitsTests
{
    private const int K = 523; // two whole depth blocks and a ragged one

    public static TheoryData<string, DType, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, DType, bool>();
            foreach (string device in (string[])["cpu-1-thread", "cpu-3-threads", "cpu-vector128", "cpu-vector256", "cpu-vector512"])
            {
                foreach (DType dtype in (DType[])[DType.F32, DType.F16, DType.BF16])
                {
                    cases.Add(device, dtype, false);
                    cases.Add(device, dtype, true);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_have_the_same_bits_in_any_company(string name, DType dtype, bool transposed)
    {
        const int M = 110, N = 150;
        using Device device = Devices.Create(name);
        Tensor a = device.From(Devices.Values(M * K, 1), M, K);
        MatrixView b = Right(device, dtype, transposed, N);
        float[] whole = Product(device, a, b, accumulate: false), added = Product(device, a, b, accumulate: true);
        foreach (int rows in (int[])[1, 2, 3, 6, 7, 16, 17, 97])
        {
            int first = (M - rows) / 2;
            Range part = (first * N)..((first + rows) * N);
            Tensor few = a.Slice(first, rows);
            Devices.SameBits(whole[part], Product(device, few, b, accumulate: false), $"{rows} rows");
            Devices.SameBits(added[part], Product(device, few, b, accumulate: true), $"{rows} rows added");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Elements_are_chains_of_multiply_adds(string name, DType dtype, bool transposed)
    {
        using Device device = Devices.Create(name);
        foreach ((int m, int n) in ((int, int)[])[(1, 1), (1, 24), (2, 9), (5, 40), (16, 33), (20, 17), (20, 64), (25, 130)])
        {
            float[] x = Devices.Values(m * K, 1);
            MatrixView b = Right(device, dtype, transposed, n);
            float[] actual = Product(device, device.From(x, m, K), b, accumulate: false);
            Devices.SameBits(Chains(x, b.Tensor.ToArray(), m, n, K, transposed), actual, $"{m}×{n}");
        }
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 4)]
    [InlineData(260, 1)]
    [InlineData(700, 20)]
    public void Tall_and_narrow_products_are_shared_out_by_rows(int m, int n)
    {
        float[] x = Devices.Values(m * 4000L, 1), y = Devices.Values(4000L * n, 2);
        float[][] products = [.. from threads in (int[])[1, 2, 3] select Tall(threads)];
        Devices.SameBits(products[0], products[1], "2 threads");
        Devices.SameBits(products[0], products[2], "3 threads");
        Devices.SameBits(Chains(x, y, m, n, 4000, transposed: false), products[0], "chains");
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double expected = 0;
                for (int k = 0; k < 4000; k++) expected += (double)x[i * 4000 + k] * y[k * n + j];
                Devices.Close(expected, products[0][i * n + j], 3e-4, $"row {i}, column {j}");
            }
        }

        float[] Tall(int threads)
        {
            using var device = new CpuDevice(threads);
            Tensor c = device.Allocate(m, n);
            device.Gemm(device.From(x, m, 4000), device.From(y, 4000, n), c);
            return c.ToArray();
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.Q8)]
    public void Deep_and_narrow_products_are_shared_out_by_depth(DType dtype)
    {
        const int Depth = 2600, N = 407; // eleven depth blocks, the last ragged, and columns that fill no panel
        float[] values = Devices.Values((long)Depth * N, 2);
        foreach (int m in (int[])[1, 2, 3, 16])
        {
            float[][] products =
            [
                .. from threads in (int[])[1, 2, 3] from accumulate in (bool[])[false, true] select Deep(threads, m, accumulate),
            ];
            for (int i = 2; i < products.Length; i++) Devices.SameBits(products[i % 2], products[i], $"{m} rows, {1 + i / 2} threads");
        }

        float[] Deep(int threads, int m, bool accumulate)
        {
            using var device = new CpuDevice(threads);
            Tensor a = device.From(Devices.Values(m * Depth, 1), m, Depth);
            return Product(device, a, MatrixView.Of(Devices.Stored(device, values, dtype, Depth, N)), accumulate);
        }
    }

    [Theory]
    [InlineData(7, 300)]
    [InlineData(20, 523)]
    [InlineData(103, 260)]
    [InlineData(101, 42000)] // a left factor that is packed in parts of its depth
    public void A_transposed_left_factor_changes_no_bit(int m, int depth)
    {
        const int N = 9;
        float[] x = Devices.Values((long)m * depth, 1), y = Devices.Values((long)depth * N, 2), turned = new float[x.Length];
        for (int i = 0; i < x.Length; i++) turned[(i % depth * m) + (i / depth)] = x[i];
        float[] expected = Chains(x, y, m, N, depth, transposed: false);
        foreach (int threads in (int[])[1, 3])
        {
            using var device = new CpuDevice(threads);
            Tensor right = device.From(y, depth, N);
            MatrixView plain = device.From(x, m, depth), left = MatrixView.Of(device.From(turned, depth, m)).Transposed;
            Devices.SameBits(expected, Product(device, plain, right, accumulate: false), $"plain, {threads} threads");
            Devices.SameBits(expected, Product(device, left, right, accumulate: false), $"transposed, {threads} threads");
            Devices.SameBits(
                Product(device, plain, right, accumulate: true), Product(device, left, right, accumulate: true),
                $"added, {threads} threads");
        }
    }

    [Fact]
    public void Infinity_and_NaN_among_F16_weights_are_kept()
    {
        const int Depth = 600, N = 1000;
        foreach (float special in (float[])[float.PositiveInfinity, float.NegativeInfinity, float.NaN])
        {
            float[] values = Devices.Values(Depth * N, 2);
            values[^5] = special;
            foreach (bool transposed in (bool[])[false, true])
            {
                using var device = new CpuDevice(2);
                Tensor weights = Devices.Stored(device, values, DType.F16, Depth, N);
                MatrixView b = transposed ? MatrixView.Of(weights).Transposed : MatrixView.Of(weights);
                Tensor ones = device.Allocate(1, b.Rows);
                device.Fill(ones, 1);
                float[] product = Product(device, ones, b, accumulate: false);
                Assert.Equal(special, transposed ? product[Depth - 1] : product[N - 5]);
                Assert.Equal(product.Length - 1, product.Count(float.IsFinite));
            }
        }
    }

    private static MatrixView Right(Device device, DType dtype, bool transposed, int n) => transposed
        ? MatrixView.Of(Devices.Stored(device, Devices.Values((long)n * K, 2), dtype, n, K)).Transposed
        : MatrixView.Of(Devices.Stored(device, Devices.Values((long)n * K, 2), dtype, K, n));

    /// <summary>The product of x <c>[m,depth]</c> and y by the definition above.</summary>
    private static float[] Chains(float[] x, float[] y, int m, int n, int depth, bool transposed)
    {
        float[] product = new float[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                for (int start = 0; start < depth; start += 256)
                {
                    float chain = 0;
                    for (int k = start; k < Math.Min(depth, start + 256); k++)
                        chain = MultiplyAdd(x[i * depth + k], y[transposed ? j * depth + k : k * n + j], chain);
                    product[i * n + j] += chain;
                }
            }
        }

        return product;
    }

    /// <summary>Without the fused instruction a step is rounded twice, on any device alike.</summary>
    private static float MultiplyAdd(float x, float y, float z) =>
        Fma.IsSupported || AdvSimd.IsSupported ? MathF.FusedMultiplyAdd(x, y, z) : x * y + z;

    private static float[] Product(Device device, in MatrixView a, in MatrixView b, bool accumulate)
    {
        using BufferScope scope = device.Scope();
        Tensor c = device.Allocate(a.Rows, b.Columns);
        device.Fill(c, 0.3f);
        device.Gemm(a, b, c, accumulate);
        return c.ToArray();
    }
}

using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

/// <summary>Products with int8 weights, against float64 products with the widened ones.</summary>
public sealed class GemmQ8Tests
{
    public static TheoryData<string> Names => Devices.Names;

    public static TheoryData<string> CpuNames => Devices.CpuNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64_at_odd_sizes_both_ways(string name)
    {
        using Device device = Devices.Create(name);
        (int, int, int)[] sizes =
        [
            (1, 1, 1), (1, 37, 261), (2, 8, 300), (3, 70, 513), (7, 17, 9), (16, 33, 40), (17, 40, 257), (101, 65, 30), (6, 4, 0),
            (0, 5, 4),
        ];
        foreach ((int m, int n, int k) in sizes)
        {
            foreach (bool transposed in (bool[])[false, true])
            {
                foreach (bool accumulate in (bool[])[false, true])
                {
                    float[] x = Devices.Values(m * k, 1), y = Odd(Devices.Values(n * k, 2), transposed ? k : n);
                    Tensor weights = Devices.Stored(device, y, DType.Q8, transposed ? [n, k] : [k, n]);
                    Check(device, x, weights, weights.ToArray(), m, n, k, transposed, accumulate);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(CpuNames))]
    public void Rows_have_the_same_bits_in_any_company(string name)
    {
        const int M = 110, N = 150, K = 523;
        using Device device = Devices.Create(name), alone = Devices.Create("cpu-1-thread");
        Tensor a = device.From(Devices.Values(M * K, 1), M, K);
        foreach (bool transposed in (bool[])[false, true])
        {
            Tensor weights = Devices.Stored(device, Devices.Values(N * K, 2), DType.Q8, transposed ? [N, K] : [K, N]);
            MatrixView b = transposed ? MatrixView.Of(weights).Transposed : weights;
            float[] whole = Product(device, a, b);
            Devices.SameBits(Product(alone, a, b), whole, "one thread");
            foreach (int rows in (int[])[1, 2, 3, 6, 7, 16, 17, 97])
            {
                int first = (M - rows) / 2;
                float[] few = Product(device, a.Slice(first, rows), b);
                Devices.SameBits(whole[(first * N)..((first + rows) * N)], few, $"{rows} rows, transposed {transposed}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Slices_and_other_shapes_keep_their_scales(string name)
    {
        using Device device = Devices.Create(name);
        float[] values = Odd(Devices.Values(12 * 20), 20);
        Tensor weights = Devices.Stored(device, values, DType.Q8, 12, 20);
        float[] widened = weights.ToArray();
        Assert.Equal(widened[60..160], weights.Slice(3, 5).ToArray());
        Assert.Equal(widened, weights.Reshape(4, 60).ToArray());
        Assert.Equal(widened[120..180], weights.Reshape(4, 60).Slice(2, 1).Float32Copy().ToArray());
        Tensor rows = device.Allocate(3, 20);
        device.Gather(weights.Slice(2, 8), [7, 0, 7], rows);
        Assert.Equal([.. widened[180..200], .. widened[40..60], .. widened[180..200]], rows.ToArray());

        float[] x = Devices.Values(3 * 20, 4);
        Check(device, x[..15], weights.Slice(4, 5), widened[80..180], 3, 20, 5, transposed: false, accumulate: false);
        Check(device, x, weights.Slice(4, 5), widened[80..180], 3, 5, 20, transposed: true, accumulate: true);
    }

    [Theory]
    [MemberData(nameof(CpuNames))]
    public void Parts_of_rows_multiply_and_mixed_rows_are_refused(string name)
    {
        using Device device = Devices.Create(name);
        Tensor weights = Devices.Stored(device, Odd(Devices.Values(12 * 20), 20), DType.Q8, 12, 20);
        float[] widened = weights.ToArray(), x = Devices.Values(2 * 12, 4);
        Tensor a = device.From(x, 2, 12), c = device.Allocate(2, 7);
        var part = new MatrixView(weights, 5, 12, 7, 20, 1); // columns 5 to 11
        device.Gemm(a, part, c);
        float[] actual = c.ToArray();
        for (int i = 0; i < actual.Length; i++)
        {
            double expected = 0;
            for (int k = 0; k < 12; k++) expected += (double)x[i / 7 * 12 + k] * widened[k * 20 + 5 + i % 7];
            Devices.Close(expected, actual[i], 1e-4 * Math.Abs(expected) + 1e-4, $"element {i}");
        }

        Fails.With<ArgumentException>(
            "neither stored rows of Q8 weights nor such rows transposed",
            () => device.Gemm(a, MatrixView.Of(weights.Reshape(24, 10)) with { Rows = 12 }, device.Allocate(2, 10)));
        Fails.With<ArgumentException>("stored as Q8, of which only single matrices", () => device.Gemm(
            new MatrixView(a, 0, 1, 6, 6, 1, Outer: 2, OuterStride: 6),
            new MatrixView(weights, 0, 6, 20, 20, 1, Outer: 2, OuterStride: 120),
            new MatrixView(device.Allocate(2, 20), 0, 1, 20, 20, 1, Outer: 2, OuterStride: 20)));
        Fails.With<ArgumentException>("stored as Q8, expected F32", () => device.Fill(weights, 0));
        Fails.With<ArgumentException>("stored as Q8, expected F32", () => device.Gemm(weights, device.Zeros(new Shape(20, 2)), c));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scales_come_with_Q8_and_with_nothing_else(string name)
    {
        using Device device = Devices.Create(name);
        MappedBytes six = MappedBytes.Copy(new byte[6]), two = MappedBytes.Copy(new byte[8]);
        Fails.With<ArgumentException>("[2,3] Q8 takes 8 bytes of scales, got 0", () => device.Load(six, DType.Q8, new Shape(2, 3)));
        Fails.With<ArgumentException>("[3,2] Q8 takes 12 bytes of scales, got 8", () => device.Load(six, DType.Q8, new Shape(3, 2), two));
        Fails.With<ArgumentException>("[3] F16 takes 0 bytes of scales, got 8", () => device.Load(six, DType.F16, new Shape(3), two));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_whole_number_is_multiplied_with_its_rows_scale(string name)
    {
        using Device device = Devices.Create(name);
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)], scales = new byte[9];
        BitConverter.TryWriteBytes(scales.AsSpan(1), 0.3f);
        BitConverter.TryWriteBytes(scales.AsSpan(5), 1e-42f);
        MappedBytes odd = MappedBytes.Copy(scales).Slice(1, 8); // where no float can be read
        Tensor weights = device.Load(MappedBytes.Copy(all), DType.Q8, new Shape(2, 128), odd);
        float[] expected = [.. all.Select((b, i) => (sbyte)b * (i < 128 ? 0.3f : 1e-42f))];
        Devices.SameBits(expected, weights.ToArray(), "all");
    }

    /// <summary>A row of zeros, one with a single huge number, one of -0 and subnormals; the rest as it was.</summary>
    private static float[] Odd(float[] values, int columns)
    {
        if (columns == 0 || values.Length < 4 * columns) return values;
        Array.Clear(values, 0, columns);
        values[columns] = -3e4f;
        for (int i = 2 * columns; i < 3 * columns; i++) values[i] = i % 2 == 0 ? -0f : 1e-41f * (i % 5);
        return values;
    }

    private static void Check(
        Device device, float[] x, Tensor weights, float[] y, int m, int n, int k, bool transposed, bool accumulate)
    {
        using BufferScope scope = device.Scope();
        Tensor c = device.Allocate(m, n);
        device.Fill(c, 0.3f);
        device.Gemm(device.From(x, m, k), transposed ? MatrixView.Of(weights).Transposed : MatrixView.Of(weights), c, accumulate);
        float[] actual = c.ToArray();
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double expected = accumulate ? 0.3f : 0, size = 1e-3;
                for (int l = 0; l < k; l++)
                {
                    double term = (double)x[i * k + l] * y[transposed ? j * k + l : l * n + j];
                    expected += term;
                    size += Math.Abs(term);
                }

                Devices.Close(expected, actual[i * n + j], 1e-6 * size, $"{m}×{n}×{k}, transposed {transposed}: row {i}, column {j}");
            }
        }
    }

    private static float[] Product(Device device, Tensor a, in MatrixView b)
    {
        using BufferScope scope = device.Scope();
        Tensor c = device.Allocate(a.Rows, b.Columns);
        device.Gemm(a, b, c);
        return c.ToArray();
    }
}

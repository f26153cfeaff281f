using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class DeviceTests
{
    public static TheoryData<string> Names => Devices.Names;

    private readonly struct Twice : IUnaryOp
    {
        public static float Apply(float x) => x + x;

        public static Vector<float> Apply(Vector<float> x) => x + x;
    }

    private readonly struct Subtract : IBinaryOp
    {
        public static float Apply(float x, float y) => x - y;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y) => x - y;
    }

    private readonly struct MultiplySubtract : ITernaryOp
    {
        public static float Apply(float x, float y, float z) => x * y - z;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x * y - z;
    }

    /// <summary>y = x·shared + index + scalar.</summary>
    private readonly struct ScaleRow : IRowOp
    {
        public static void Apply(RowOperands row)
        {
            Span<float> x = row[0], shared = row[1], y = row[2];
            for (int c = 0; c < y.Length; c++) y[c] = x[c] * shared[c] + row.Index + row.Scalar;
        }

        public static void Apply(GroupRow row)
        {
            ArrayView<float> x = row[0], shared = row[1], y = row[2];
            for (int c = GroupRow.Thread; c < y.IntLength; c += GroupRow.Threads) y[c] = x[c] * shared[c] + row.Index + row.Scalar;
        }
    }

    private readonly struct FailingRow : IRowOp
    {
        public static void Apply(RowOperands row) => throw new InvalidOperationException("row");

        public static void Apply(GroupRow row)
        {
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Maps_every_length_up_to_seventy_and_a_long_one(string name)
    {
        using Device device = Devices.Create(name);
        // A kernel has no registers to fill up: any few lengths tell.
        foreach (int n in name == Devices.Simulation ? [0, 1, 7, 70, 10_003] : Enumerable.Range(0, 71).Append(100_003))
        {
            using BufferScope scope = device.Scope();
            float[] x = Devices.Values(n, 1), y = Devices.Values(n, 2), z = Devices.Values(n, 3);
            Tensor tx = device.From(x, n), ty = device.From(y, n), tz = device.From(z, n), result = device.Allocate(n);
            device.Map<Twice>(tx, result);
            Expect(result, i => (double)x[i] + x[i], 0);
            device.Map<Subtract>(tx, ty, result);
            Expect(result, i => (double)x[i] - y[i], 3e-7);
            device.Map<Subtract>(tx, 0.5f, result);
            Expect(result, i => x[i] - 0.5, 3e-7);
            device.Map<MultiplySubtract>(tx, ty, tz, result);
            Expect(result, i => (double)x[i] * y[i] - z[i], 1e-6);
            device.Map<MultiplySubtract>(tx, ty, 0.5f, result);
            Expect(result, i => (double)x[i] * y[i] - 0.5, 1e-6);
            device.Map<Subtract>(tx, ty, tx);
            Expect(tx, i => (double)x[i] - y[i], 3e-7);
            device.Map<Twice>(ty, ty);
            Expect(ty, i => (double)y[i] + y[i], 0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_second_operand_repeats(string name)
    {
        using Device device = Devices.Create(name);
        foreach ((int rows, int columns) in new[] { (3, 1), (1, 5), (7, 3), (5, 8), (9, 37), (211, 301) })
        {
            int n = rows * columns;
            float[] x = Devices.Values(n, 1), y = Devices.Values(columns, 2), z = Devices.Values(n, 3);
            Tensor tx = device.From(x, rows, columns), ty = device.From(y, columns), tz = device.From(z, rows, columns);
            Tensor result = device.Allocate(rows, columns);
            device.Map<Subtract>(tx, ty, result);
            Expect(result, i => (double)x[i] - y[i % columns], 3e-7);
            device.Map<MultiplySubtract>(tx, ty, tz, result);
            Expect(result, i => (double)x[i] * y[i % columns] - z[i], 1e-6);
            device.Map<MultiplySubtract>(tx, ty, 2, result);
            Expect(result, i => (double)x[i] * y[i % columns] - 2, 1e-6);
            device.Map<Subtract>(tx, device.From([3], 1), tx);
            Expect(tx, i => x[i] - 3.0, 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Extremes_pass_through_maps(string name)
    {
        using Device device = Devices.Create(name);
        float[] x = [300, -300, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.MaxValue, float.Epsilon, -0f, 1, 2, 3];
        Tensor y = device.Allocate(x.Length);
        device.Map<Twice>(device.From(x, x.Length), y);
        Devices.SameBits([.. x.Select(v => OneNaN(v + v))], [.. y.ToArray().Select(OneNaN)], "twice");

        // Which of the many NaNs comes out is the processor's affair: an x86's keeps its sign, an NVIDIA GPU's is always the same.
        static float OneNaN(float value) => float.IsNaN(value) ? float.NaN : value;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Maps_refuse_what_does_not_fit(string name)
    {
        using Device device = Devices.Create(name);
        Tensor four = device.Zeros(new Shape(2, 2)), six = device.Zeros(new Shape(2, 3));
        Fails.With<ArgumentException>("Map DeviceTests.Twice: [2,2] has 4 elements, [2,3] has 6", () => device.Map<Twice>(four, six));
        Fails.With<ArgumentException>("[2,2] has 4 elements, which do not repeat", () => device.Map<Subtract>(six, four, six));
        Fails.With<ArgumentException>("overlap in part", () => device.Map<Twice>(six.Slice(0, 1), six.Reshape(6, 1).Slice(1, 3)));
        Tensor half = Devices.Stored(device, new float[4], DType.F16, 4);
        Fails.With<ArgumentException>("stored as F16", () => device.Map<Twice>(half, four));
        Tensor weights = Devices.Stored(device, new float[4], DType.F32, 4);
        Fails.With<ArgumentException>("cannot be written", () => device.Map<Twice>(weights, weights));
        Assert.Throws<ArgumentNullException>(() => device.Map<Twice>(null!, four));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Rows_see_their_operands_index_and_scalar(string name)
    {
        using Device device = Devices.Create(name);
        foreach ((int rows, int columns) in new[] { (0, 3), (1, 1), (5, 7), (1500, 33) })
        {
            float[] x = Devices.Values(rows * columns, 1), shared = Devices.Values(columns, 2);
            int[] index = [.. Enumerable.Range(0, rows)];
            Tensor y = device.Allocate(rows, columns);
            device.Rows<ScaleRow>(rows, index, 0.25f, device.From(x, rows, columns), device.From(shared, columns), y);
            Expect(y, i => (double)x[i] * shared[i % columns] + i / columns + 0.25, 1e-4);
        }

        Tensor two = device.Zeros(new Shape(2, 4)), three = device.Zeros(new Shape(3, 4));
        Fails.With<ArgumentException>("operand 2 [2,4] has 2 rows, expected 3", () => device.Rows<ScaleRow>(3, [], 0, three, three, two));
        Fails.With<ArgumentException>("2 indices for 3 rows", () => device.Rows<ScaleRow>(3, [1, 2], 0, three, three, three));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sums_columns(string name)
    {
        using Device device = Devices.Create(name);
        foreach ((int rows, int columns) in new[] { (0, 3), (1, 1), (3, 70), (130, 257), (401, 300) })
        {
            float[] x = Devices.Values(rows * columns, 1), y = Devices.Values(columns, 2);
            Tensor tx = device.From(x, rows, columns), sum = device.From(y, columns);
            double Column(long c) => Enumerable.Range(0, rows).Sum(r => (double)x[r * columns + c]);
            device.ColumnSum(tx, sum, accumulate: true);
            Expect(sum, c => y[c] + Column(c), 1e-4);
            device.ColumnSum(tx, sum);
            Expect(sum, Column, 1e-4);
        }

        Fails.With<ArgumentException>("has 3 columns", () => device.ColumnSum(device.Zeros(new Shape(2, 3)), device.Zeros(new Shape(2))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Copies_parts_of_matrices(string name)
    {
        using Device device = Devices.Create(name);
        float[] x = Devices.Values(2 * 40 * 90);
        Tensor from = device.From(x, 2, 40, 90), to = device.Zeros(new Shape(2, 37, 40));

        // Columns 5 … 41 of each matrix, transposed.
        var part = new MatrixView(from, 5, 40, 37, 90, 1, 2, 40 * 90);
        device.Copy(part.Transposed, new MatrixView(to, 0, 37, 40, 40, 1, 2, 37 * 40));
        Expect(to, i => x[i / (37 * 40) * 40 * 90 + i % 40 * 90 + i / 40 % 37 + 5], 0);
        device.Copy(new MatrixView(to, 0, 37, 40, 40, 1, 2, 37 * 40), part.Transposed);
        Expect(from, i => x[i], 0);
        device.Fill(from, 7);
        device.Copy(new MatrixView(device.From(x, 2, 40, 90), 5, 40, 37, 90, 1, 2, 40 * 90), part);
        Expect(from, i => i % 90 is >= 5 and < 42 ? x[i] : 7, 0);
        Fails.With<ArgumentException>("sizes differ", () => device.Copy(from, to));
        Fails.With<ArgumentException>("batch of 2×1", () => device.Copy(part, part with { Outer = 1 }));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Fills_uploads_and_downloads(string name)
    {
        using Device device = Devices.Create(name);
        foreach (int n in new[] { 0, 1, 31, 200_001 })
        {
            Tensor x = device.Allocate(n);
            device.Fill(x, -1.5f);
            Expect(x, _ => -1.5, 0);
            float[] values = Devices.Values(n);
            device.Upload(values, x);
            Devices.SameBits(values, x.ToArray(), "upload");
        }

        Fails.With<ArgumentException>("[2,2] has 4 elements, the host array has 3", () => device.From([1, 2, 3], 2, 2));
        Fails.With<ArgumentException>("has 4 elements", () => device.Download(device.Zeros(new Shape(4)), new float[5]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Widens_every_float16_and_bfloat16(string name)
    {
        using Device device = Devices.Create(name);
        byte[] bytes = new byte[2 * 65536];
        for (int i = 0; i < 65536; i++) BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (ushort)i);
        float[] half = device.Load(MappedBytes.Copy(bytes), DType.F16, new Shape(65536)).ToArray();
        float[] brain = device.Load(MappedBytes.Copy(bytes), DType.BF16, new Shape(65536)).ToArray();
        for (int i = 0; i < 65536; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)i);
            if (!float.IsNaN(expected) || !float.IsNaN(half[i]))
                Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(half[i]));
            Assert.Equal(i << 16, BitConverter.SingleToInt32Bits(brain[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Loads_from_odd_addresses_and_checks_the_length(string name)
    {
        using Device device = Devices.Create(name);
        float[] values = Devices.Values(9);
        byte[] bytes = new byte[1 + 36];
        Buffer.BlockCopy(values, 0, bytes, 1, 36);
        Tensor x = device.Load(MappedBytes.Copy(bytes).Slice(1, 36), DType.F32, new Shape(3, 3));
        Devices.SameBits(values, x.ToArray(), "load");
        Fails.With<ArgumentException>(
            "[3,3] F16 takes 18 bytes, the source has 36", () => device.Load(MappedBytes.Copy(new byte[36]), DType.F16, new Shape(3, 3)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gathers_rows_of_any_storage_type(string name)
    {
        using Device device = Devices.Create(name);
        foreach (DType dtype in Enum.GetValues<DType>())
        {
            Tensor table = Devices.Stored(device, Devices.Values(11 * 13), dtype, 11, 13);
            float[] rows = table.ToArray();
            int[] ids = [.. Enumerable.Range(0, 5000).Select(i => i * 7 % 11)];
            Tensor y = device.Allocate(5000, 13);
            device.Gather(table, ids, y);
            Expect(y, i => rows[ids[i / 13] * 13 + i % 13], 0);
            Fails.With<ArgumentOutOfRangeException>(
                "id 11 at position 1, the table [11,13] has 11 rows", () => device.Gather(table, [3, 11], device.Allocate(2, 13)));
            Fails.With<ArgumentException>("do not fit [3,13]", () => device.Gather(table, [3, 1], device.Allocate(3, 13)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scatters_in_order(string name)
    {
        // 1e8 + 1 - 1e8 is 0 in float32 only in this order.
        using Device device = Devices.Create(name);
        Tensor table = device.Zeros(new Shape(4, 301));
        Tensor x = device.Allocate(4, 301);
        float[] values = [1e8f, 1, -1e8f, 3];
        for (int r = 0; r < 4; r++) device.Fill(x.Slice(r, 1), values[r]);
        device.ScatterAdd(x, [2, 2, 2, 0], table);
        Expect(table, i => i < 301 ? 3 : 0, 0);
        Fails.With<ArgumentOutOfRangeException>("id -1 at position 0", () => device.ScatterAdd(x.Slice(0, 1), [-1], table));
        foreach (int columns in new[] { 1, 70, 900 })
        {
            float[] rows = Devices.Values(600 * columns);
            Tensor sum = device.Zeros(new Shape(3, columns));
            device.ScatterAdd(device.From(rows, 600, columns), [.. Enumerable.Range(0, 600).Select(i => i % 3)], sum);
            Expect(sum, i => Enumerable.Range(0, 200).Sum(r => (double)rows[(3 * r + i / columns) * columns + i % columns]), 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scatters_rows_of_a_larger_matrix(string name)
    {
        using Device device = Devices.Create(name);
        foreach ((int rows, int columns) in new[] { (0, 5), (1, 1), (3, 7), (700, 40) })
        {
            float[] x = Devices.Values(rows * 3L * columns);
            int[] ids = [.. Enumerable.Range(0, rows).Select(r => r * 7 % (rows + 8))];
            ids = [.. ids.Distinct().Concat(Enumerable.Range(0, rows + 8).Except(ids)).Take(rows)];
            Tensor table = device.Allocate(rows + 8, columns);
            device.Fill(table, 9);
            device.Scatter(new MatrixView(device.From(x, rows, 3 * columns), columns, rows, columns, 3 * columns, 1), ids, table);
            Expect(
                table, i => Array.IndexOf(ids, (int)(i / columns)) is >= 0 and int r ? x[r * 3 * columns + columns + i % columns] : 9, 0);
        }

        Tensor four = device.Zeros(new Shape(4, 3));
        Fails.With<ArgumentOutOfRangeException>(
            "id 4 at position 1, the table [4,3] has 4 rows", () => device.Scatter(device.Zeros(new Shape(2, 3)), [0, 4], four));
        foreach (MatrixView x in (MatrixView[])[
            device.Zeros(new Shape(3, 3)), device.Zeros(new Shape(2, 4)), MatrixView.Of(device.Zeros(new Shape(3, 2))).Transposed,
            new(four, 0, 2, 3, 3, 1, 2, 6)])
            Fails.With<ArgumentException>("2 rows of table [4,3]", () => device.Scatter(x, [0, 1], four));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_happens_to_empty_tensors(string name)
    {
        using Device device = Devices.Create(name);
        Tensor none = device.Allocate(0, 3), row = device.Zeros(new Shape(3)), one = device.Zeros(new Shape(1, 3));
        device.Fill(none, 1);
        device.Map<Twice>(none, none);
        device.Map<Subtract>(none, 1, none);
        device.Rows<ScaleRow>(0, [], 0, none, row, none);
        device.Copy(none, none);
        device.Gather(one, [], none);
        device.Scatter(none, [], one);
        device.ScatterAdd(none, [], one);
        device.Gemm(none, device.Zeros(new Shape(3, 3)), none);
        device.Gemm(device.Allocate(1, 0), none, one);
        Assert.Empty(device.ArgMax(none));
        Assert.Empty(none.ToArray());
        Assert.Equal([0f, 0, 0], one.ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_verb_writes_stored_weights_or_reads_another_devices_tensors(string name)
    {
        using Device device = Devices.Create(name), other = Devices.Create(name == Devices.Simulation ? "cpu" : Devices.Simulation);
        Tensor x = device.Zeros(new Shape(3, 3)), row = device.Zeros(new Shape(3));
        Tensor weights = Devices.Stored(device, new float[9], DType.F32, 3, 3), far = other.Zeros(new Shape(3, 3));
        const string Elsewhere = "all operands of a verb live on the same device";
        foreach ((Tensor unfit, string message) in new[] { (weights, "cannot be written"), (far, Elsewhere) })
        {
            foreach (Action write in (Action[])[
                () => device.Fill(unfit, 1), () => device.Upload(new float[9], unfit), () => device.Copy(x, unfit),
                () => device.Map<Twice>(x, unfit), () => device.Map<Subtract>(x, x, unfit), () => device.Map<Subtract>(x, 1, unfit),
                () => device.Map<MultiplySubtract>(x, x, x, unfit), () => device.Map<MultiplySubtract>(x, x, 1, unfit),
                () => device.ColumnSum(x, unfit.Slice(0, 1)), () => device.Gemm(x, x, unfit), () => device.Gather(x, [0, 1, 2], unfit),
                () => device.Scatter(x, [0, 1, 2], unfit), () => device.ScatterAdd(x, [0, 1, 2], unfit)])
                Fails.With<ArgumentException>(message, write);
        }

        foreach (Action read in (Action[])[
            () => device.Download(far, new float[9]), () => device.Copy(far, x), () => device.Map<Twice>(far, x),
            () => device.Map<Subtract>(x, far, x), () => device.Map<MultiplySubtract>(x, x, far, x),
            () => device.Rows<ScaleRow>(3, [], 0, far, row, x), () => device.ColumnSum(far, row), () => device.Gemm(far, x, x),
            () => device.Gemm(x, far, x), () => device.ArgMax(far), () => device.Gather(far, [0, 1, 2], x),
            () => device.Scatter(far, [0, 1, 2], x), () => device.ScatterAdd(far, [0, 1, 2], x)])
            Fails.With<ArgumentException>(Elsewhere, read);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Arg_max_takes_the_first_of_the_largest_and_never_NaN(string name)
    {
        using Device device = Devices.Create(name);
        float nan = float.NaN, infinity = float.PositiveInfinity;
        Tensor x = device.From(
            [1, 3, 3, nan, nan, -5, nan, nan, nan, -infinity, -infinity, nan, nan, -infinity, 0, infinity, 2, infinity], 6, 3);
        Assert.Equal([1, 2, 0, 0, 2, 0], device.ArgMax(x));
        for (int n = 1; n <= 70; n++)
        {
            float[] values = Devices.Values(n, n);
            Assert.Equal([Array.IndexOf(values, values.Max())], device.ArgMax(device.From(values, 1, n)));
        }

        float[] many = Devices.Values(400 * 301);
        Assert.Equal(many.Chunk(301).Select(row => Array.IndexOf(row, row.Max())), device.ArgMax(device.From(many, 400, 301)));
        Fails.With<ArgumentException>("no columns", () => device.ArgMax(device.Allocate(2, 0)));
    }

    [Theory]
    [MemberData(nameof(Devices.CpuNames), MemberType = typeof(Devices))] // a kernel for GPUs cannot throw
    public void A_failing_row_functor_reports_its_own_error(string name)
    {
        using Device device = Devices.Create(name);
        Tensor x = device.Zeros(new Shape(5000, 30));
        Assert.Equal("row", Assert.Throws<InvalidOperationException>(() => device.Rows<FailingRow>(5000, [], 0, x)).Message);
    }

    private static void Expect(Tensor actual, Func<long, double> expected, double tolerance)
    {
        float[] values = actual.ToArray();
        for (int i = 0; i < values.Length; i++) Devices.Close(expected(i), values[i], tolerance, $"element {i} of {actual.Shape}");
    }
}

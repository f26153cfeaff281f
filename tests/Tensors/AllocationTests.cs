using System.Numerics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>A step of training calls dozens of verbs on small tensors: none may leave work to the garbage collector.</summary>
public sealed class AllocationTests
{
    [Theory]
    [InlineData(1, 64)]
    [InlineData(400, 300)] // enough for three threads
    public void Verbs_allocate_nothing(int rows, int columns)
    {
        using var device = new CpuDevice(3);
        Tensor x = device.From(Devices.Values(rows * columns, 1), rows, columns);
        Tensor y = device.From(Devices.Values(rows * columns, 2), rows, columns);
        Tensor z = device.Allocate(rows, columns), row = device.From(Devices.Values(columns, 3), columns);
        Tensor table = Devices.Stored(device, Devices.Values(7 * columns), DType.F16, 7, columns);
        Tensor sums = device.Zeros(new Shape(7, columns));
        float[] host = new float[rows * columns];
        int[] ids = [.. Enumerable.Range(0, rows).Select(r => r % 7)], places = [.. Enumerable.Range(0, rows)];
        TeamAllocations.AssertNone(device.Work, All);

        void All()
        {
            device.Map<Plus>(x, z);
            device.Map<Plus>(x, y, z);
            device.Map<Plus>(x, row, z);
            device.Map<Plus>(x, 2, z);
            device.Map<Plus>(x, y, z, z);
            device.Map<Plus>(x, y, 2, z);
            device.Rows<PlusRow>(rows, ids, 1, x, row, z);
            device.ColumnSum(x, row);
            device.Copy(x, z);
            device.Fill(z, 1);
            device.Gather(table, ids, z);
            device.Scatter(x, places, z);
            device.ScatterAdd(x, ids, sums);
            device.Upload(host, z);
            device.Download(z, host);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(200)]
    public void Products_allocate_nothing(int rows)
    {
        using var device = new CpuDevice(3);
        Tensor a = device.From(Devices.Values(rows * 300), rows, 300), b = device.From(Devices.Values(300 * 400), 300, 400);
        Tensor c = device.Allocate(rows, 400);
        Tensor stored = Devices.Stored(device, Devices.Values(300 * 400), DType.F16, 300, 400);
        TeamAllocations.AssertNone(device.Work, Both);

        void Both()
        {
            device.Gemm(a, b, c);
            device.Gemm(a, stored, c);
        }
    }

    [Fact]
    public void A_tensor_of_a_scope_costs_its_handle_and_no_more()
    {
        using var device = new CpuDevice(1);
        for (int warmUp = 0; warmUp < 3; warmUp++) Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Step();
        // Shape, tensor, storage: not the memory, nor a set of them.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 100 * 250);

        void Step()
        {
            using BufferScope scope = device.Scope();
            for (int i = 0; i < 100; i++) device.Allocate(10, 100);
        }
    }

    private readonly struct Plus : IUnaryOp, IBinaryOp, ITernaryOp
    {
        public static float Apply(float x) => x + 1;

        public static Vector<float> Apply(Vector<float> x) => x + Vector<float>.One;

        public static float Apply(float x, float y) => x + y;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y) => x + y;

        public static float Apply(float x, float y, float z) => x + y + z;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x + y + z;
    }

    private readonly struct PlusRow : IRowOp
    {
        public static void Apply(RowOperands row)
        {
            for (int c = 0; c < row[2].Length; c++) row[2][c] = row[0][c] + row[1][c] + row.Index + row.Scalar;
        }

        public static void Apply(GroupRow row)
        {
            for (int c = GroupRow.Thread; c < row[2].IntLength; c += GroupRow.Threads)
                row[2][c] = row[0][c] + row[1][c] + row.Index + row.Scalar;
        }
    }
}

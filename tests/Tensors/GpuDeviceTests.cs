using ILGPU.Runtime.OpenCL;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>What only an accelerator has: a queue, memory of its own, and ways to be lost.</summary>
public sealed class GpuDeviceTests
{
    public static TheoryData<string> GpuNames => Devices.GpuNames;

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void The_host_waits_for_results_alone(string name)
    {
        using var device = (GpuDevice)Devices.Create(name);
        Tensor table = device.From(Devices.Values(7 * 5), 7, 5), y = device.Allocate(3, 5);
        Tensor stored = Devices.Stored(device, Devices.Values(35), DType.F16, 7, 5);
        device.Gather(table, [6, 0, 3], y);
        device.Gather(stored, [6, 0, 3], y);
        device.ScatterAdd(y, [1, 1, 1], table);
        device.Scatter(y, [4, 5, 6], table);
        device.Gemm(y, MatrixView.Of(stored).Transposed, device.Allocate(3, 7));
        device.ColumnSum(y, device.Allocate(5));
        Assert.Equal(0, device.HostWaits);
        y.ToArray();
        device.ArgMax(y);
        Assert.Equal(2, device.HostWaits);
        Tensor none = device.Allocate(0, 5);
        none.ToArray();
        device.ArgMax(none);
        Assert.Equal(2, device.HostWaits);
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void What_is_sent_arrives_however_much_is_on_its_way(string name)
    {
        // 100 × 256 KiB fill the memory for things on their way several times, 9 MiB are too much for it.
        using var device = (GpuDevice)Devices.Create(name);
        float[] values = Devices.Values(65_536 + 3);
        Tensor[] sent = [.. Enumerable.Range(0, 100).Select(i =>
        {
            values[0] = i;
            return device.From(values.AsSpan(0, values.Length - i % 3), values.Length - i % 3);
        })];
        for (int i = 0; i < sent.Length; i++)
        {
            values[0] = i;
            Assert.Equal(values[..(values.Length - i % 3)], sent[i].ToArray());
        }

        float[] many = Devices.Values(9 << 18);
        Assert.Equal(many, device.From(many, many.Length).ToArray());
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Memory_of_an_ended_scope_is_used_again_in_the_order_of_the_queue(string name)
    {
        using Device device = Devices.Create(name);
        Tensor sum = device.Zeros(new Shape(100));
        for (int i = 1; i <= 20; i++)
        {
            using BufferScope scope = device.Scope();
            Tensor x = device.Allocate(100);
            device.Fill(x, i);
            device.ScatterAdd(x.Reshape(1, 100), [0], sum.Reshape(1, 100)); // the ids come and go too
        }

        Assert.All(sum.ToArray(), v => Assert.Equal(210, v));
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Any_thread_may_go_on_with_a_device(string name)
    {
        using Device device = Devices.Create(name);
        Tensor x = device.From([1, 2, 3], 3);
        float[] sums = [];
        var other = new Thread(() =>
        {
            device.ScatterAdd(x.Reshape(1, 3), [0], x.Reshape(1, 3));
            sums = device.From(x.ToArray(), 3).ToArray();
        });
        other.Start();
        other.Join();
        Assert.Equal([2f, 4, 6], sums);
        Assert.Equal(sums, x.ToArray());
    }

    [Fact]
    public void Memory_that_is_not_there_is_told_with_its_size_and_the_rest_still_works()
    {
        using var device = GpuDevice.Simulated();
        using (device.Scope()) device.Zeros(new Shape(1000));
        var error = Assert.Throws<InsufficientMemoryException>(() => device.Allocate(1 << 23, 1 << 30));
        Assert.Contains("no room for 36,028,797,018,963,968 bytes", error.Message, StringComparison.Ordinal);
        Assert.All(device.Zeros(new Shape(1000)).ToArray(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void A_lost_accelerator_is_told_in_one_sentence()
    {
        using var device = GpuDevice.Simulated();
        InputException error = device.Failed(new CLException(CLError.CL_DEVICE_NOT_AVAILABLE));
        Assert.Contains("stopped working", error.Message, StringComparison.Ordinal);
        Assert.Contains("Hint:", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [AcceleratorFact]
    public void Device_tests_run_on_a_real_accelerator()
    {
        foreach (string name in Devices.Accelerators)
        {
            using Device device = Devices.Create(name);
            Assert.Equal([2f], device.From([2], 1).ToArray());
        }
    }

    /// <summary>Skipped, with the reason, where no real accelerator was chosen.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class AcceleratorFactAttribute : FactAttribute
    {
        public AcceleratorFactAttribute()
        {
            if (Devices.Accelerators.Length == 0)
                Skip = $"{Devices.Variable} names no accelerator: device tests ran on the processor and on ILGPU's simulation only.";
        }
    }
}

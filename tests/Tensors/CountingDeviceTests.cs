using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

public sealed class CountingDeviceTests
{
    [Fact]
    public void It_counts_the_blocks_that_the_pool_of_a_processor_holds()
    {
        using var counting = new CountingDevice();
        using var cpu = new CpuDevice(threads: 1);
        foreach (Device device in (Device[])[counting, cpu])
        {
            Tensor kept = device.Allocate(1000);
            for (int i = 0; i < 3; i++)
            {
                using BufferScope scope = device.Scope();
                for (int size = 1; size <= 3; size++) device.Allocate(size, 300);
                device.Allocate(1000);
            }

            Assert.Equal(1000, kept.Count);
        }

        Assert.Equal(SizeClass.Of(4000) * 2 + SizeClass.Of(1200) + SizeClass.Of(2400) + SizeClass.Of(3600), counting.PeakBytes);
        Assert.Equal(counting.PeakBytes, cpu.Pool.PeakBytes);
    }

    [Fact]
    public void What_is_stored_counts_nothing_and_everything_reads_as_zero()
    {
        using var device = new CountingDevice();
        Tensor weights = device.Stored(new Shape(3, 4), DType.F16), product = device.Allocate(2, 4);
        long before = device.PeakBytes;
        Assert.Equal(SizeClass.Of(32), before);
        device.Gemm(device.From([1, 2, 3, 4, 5, 6], 2, 3), weights, product);
        Assert.Equal(new float[8], product.ToArray());
        Assert.Equal([0, 0], device.ArgMax(product));
        Assert.Equal(before + SizeClass.Of(24), device.PeakBytes);
    }
}

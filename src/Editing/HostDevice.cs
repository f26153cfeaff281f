using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Editing;

/// <summary>Where float64 is computed: on the CPU, whatever device the model lives on.</summary>
internal static class HostDevice
{
    /// <summary>Does work on the model's own device if it is a CPU, or else on one that lasts as long as the work.</summary>
    public static T Run<T>(Device device, Func<CpuDevice, T> work)
    {
        if (device is CpuDevice cpu) return work(cpu);
        using var own = new CpuDevice();
        return work(own);
    }
}

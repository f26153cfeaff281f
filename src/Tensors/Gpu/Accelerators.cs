using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.Gpu;

/// <summary>An accelerator of this machine.</summary>
/// <param name="Kind">How it is driven and what <c>--device</c> calls it: <c>cuda</c> or <c>opencl</c>.</param>
/// <param name="Name">Its maker's name for it.</param>
/// <param name="Driver">The platform or driver and its version.</param>
/// <param name="IsGpu">False for an OpenCL that computes on the processor.</param>
/// <param name="MemoryBytes">All its memory, also what others use.</param>
/// <param name="ComputeUnits">Multiprocessors.</param>
/// <param name="Unusable">Why it cannot be used; null when it can.</param>
public sealed record AcceleratorInfo(
    string Kind, string Name, string Driver, bool IsGpu, long MemoryBytes, int ComputeUnits, string? Unusable = null);

/// <summary>What a wish for a device comes to.</summary>
/// <param name="Accelerator">The accelerator to compute on; null for the CPU.</param>
/// <param name="Why">Half a sentence for people.</param>
/// <param name="PassedOver">Whether an accelerator is there and is left unused.</param>
public sealed record DeviceChoice(AcceleratorInfo? Accelerator, string Why, bool PassedOver)
{
    /// <summary>What <c>--device</c> calls it.</summary>
    public string Name => Accelerator?.Kind ?? Accelerators.Cpu;
}

/// <summary>Finds the accelerators that ILGPU can drive, chooses among them, and opens one.</summary>
/// <remarks>
/// A driver is native code, and one that crashes ends the process that asks it; nothing can catch that. All methods here ask in the
/// process that calls them: starting the program again, whatever program this is, is not for a library to do. A program that wants to
/// be safe gives <see cref="Open(string, int, IReadOnlyList{AcceleratorInfo}, out DeviceChoice)"/> what <see cref="DriverProbe"/> found
/// by children; a driver is then asked in the process itself only when its GPU is taken. <c>cpu</c> asks no driver.
/// </remarks>
public static class Accelerators
{
    /// <summary>The names of devices.</summary>
    public const string Auto = "auto", Cpu = "cpu", Cuda = "cuda", OpenCL = "opencl";

    private const string CpuAlone = "this build of the program, compiled ahead of time, computes on the CPU alone";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Names { get; } = [Auto, Cpu, Cuda, OpenCL];

    /// <summary>
    /// Whether this program can drive any: ILGPU makes a GPU's code of the program's own while it runs, which a program that was compiled
    /// ahead of time (native AOT) no longer has.
    /// </summary>
    [FeatureGuard(typeof(RequiresDynamicCodeAttribute))]
    public static bool AreSupported => RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>What is there, usable or not, as the drivers say in this process. Without drivers the answer comes at once.</summary>
    public static IReadOnlyList<AcceleratorInfo> List() => [.. DriverLibraries.Kinds.SelectMany(ListKind)];

    /// <summary>What one kind of driver says; ILGPU passes over those that have no card, lack functions or answer with errors.</summary>
    internal static IEnumerable<AcceleratorInfo> ListKind(string kind) => AreSupported
        ? (kind == Cuda ? CudaDevice.GetDevices(_ => true) : CLDevice.GetDevices(_ => true)).Select(Describe).OfType<AcceleratorInfo>()
        : [new AcceleratorInfo(kind, "driver", "", IsGpu: false, MemoryBytes: 0, ComputeUnits: 0, CpuAlone)];

    /// <summary>
    /// The device to compute on. <c>auto</c> takes a GPU, CUDA before OpenCL, of several the one with the most memory, and else the CPU:
    /// an OpenCL on the processor is slower than the CPU device, so only its name gets it.
    /// </summary>
    /// <param name="wish">One of <see cref="Names"/>.</param>
    /// <param name="found">What <see cref="List"/> found; not looked at for the CPU.</param>
    /// <exception cref="InputException">There is no usable accelerator of the wished kind.</exception>
    public static DeviceChoice Choose(string wish, IReadOnlyList<AcceleratorInfo> found)
    {
        if (wish == Cpu) return new DeviceChoice(null, "it was asked for", PassedOver: false);
        if (wish != Auto && !AreSupported)
            throw new InputException($"--device is {wish}, but {CpuAlone}.", "take the build that is not called native, or --device cpu.");
        IEnumerable<AcceleratorInfo> usable = found.Where(a => a.Unusable is null)
            .OrderBy(a => !a.IsGpu).ThenBy(a => a.Kind != Cuda).ThenByDescending(a => a.MemoryBytes); // equal ones as the driver has them
        string others = found.Count == 0
            ? ""
            : string.Join(", ", found.Select(a => $"{a.Kind} {a.Name} ({a.Unusable ?? (a.IsGpu ? "usable" : "on the processor")})"));
        if (wish == Auto)
        {
            return usable.FirstOrDefault(a => a.IsGpu) is { } gpu
                ? new DeviceChoice(gpu, $"{gpu.Name} is a GPU", PassedOver: false)
                : found.Count > 0
                    ? new DeviceChoice(null, $"no usable GPU was found, only {others}", PassedOver: true)
                    : new DeviceChoice(null, "no accelerator was found", PassedOver: false);
        }

        return usable.FirstOrDefault(a => a.Kind == wish) is { } accelerator
            ? new DeviceChoice(accelerator, "it was asked for", PassedOver: false)
            : throw new InputException(
                $"--device is {wish}, but this machine has no usable {wish} device; "
                + $"found {(others.Length > 0 ? others : "no accelerator")} and the CPU.",
                wish == Cuda
                    ? "is NVIDIA's driver installed (nvidia-smi)? --device cpu always works."
                    : "is an OpenCL driver installed (clinfo)? --device cpu always works.");
    }

    /// <summary>Opens a device of those that <see cref="List"/> finds.</summary>
    /// <param name="wish">One of <see cref="Names"/>.</param>
    /// <param name="threads">Threads of the CPU, should it be chosen; 0 takes all processors.</param>
    /// <param name="choice">What was chosen, and why.</param>
    /// <exception cref="InputException">No usable accelerator of the wished kind is there, or it does not start; never for
    /// <c>auto</c>.</exception>
    public static Device Open(string wish, int threads, out DeviceChoice choice) =>
        Open(wish, threads, wish == Cpu ? [] : List(), out choice);

    /// <summary>Opens a device; see <see cref="Choose"/>. Where one does not start, <c>auto</c> takes the next, at last the CPU.</summary>
    /// <param name="wish">One of <see cref="Names"/>.</param>
    /// <param name="threads">Threads of the CPU, should it be chosen; 0 takes all processors.</param>
    /// <param name="found">What <see cref="List"/> or <see cref="DriverProbe"/> found; not looked at for the CPU.</param>
    /// <param name="choice">What was chosen, and why.</param>
    /// <exception cref="InputException">No usable accelerator of the wished kind is there, or it does not start; never for
    /// <c>auto</c>.</exception>
    public static Device Open(string wish, int threads, IReadOnlyList<AcceleratorInfo> found, out DeviceChoice choice)
    {
        List<AcceleratorInfo> left = [.. found];
        while (true)
        {
            choice = Choose(wish, left);
            if (choice.Accelerator is not { } wanted) return new CpuDevice(threads);
            try
            {
                return Start(wanted);
            }
            catch (Exception e) // of any type: it is the driver's
            {
                string why = $"does not start: {(e is CLException cl ? cl.Error.ToString() : e.Message.TrimEnd('.'))}";
                if (wish != Auto)
                {
                    string hint = "is another program using it alone? --device cpu always works.";
                    throw new InputException($"{wanted.Kind} {wanted.Name} is there but {why}.", hint, e);
                }

                left[left.IndexOf(wanted)] = wanted with { Unusable = why };
            }
        }
    }

    private static GpuDevice Start(AcceleratorInfo wanted)
    {
        if (!AreSupported) throw new NotSupportedException(CpuAlone);
        if (!DriverLibraries.Kinds.Contains(wanted.Kind)) throw new NotSupportedException($"there is no {wanted.Kind} driver");
        var context = Context.Create(all => (wanted.Kind == Cuda ? all.Cuda(_ => true) : all.OpenCL(_ => true)).EnableAlgorithms());
        try
        {
            ILGPU.Runtime.Device device = context.Devices.FirstOrDefault(d => Describe(d) == wanted)
                ?? throw new NotSupportedException("its driver does not list it any more");
            return new GpuDevice(wanted.Kind, context, device.CreateAccelerator(context));
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private static AcceleratorInfo? Describe(ILGPU.Runtime.Device device) => device switch
    {
        CudaDevice cuda => new AcceleratorInfo(
            Cuda, cuda.Name, $"CUDA {cuda.DriverVersion}", IsGpu: true, cuda.MemorySize, cuda.NumMultiprocessors,
            cuda.Architecture is null ? "ILGPU does not know its architecture"
                : cuda.InstructionSet is null ? $"ILGPU does not know the driver's version {cuda.DriverVersion}" : null),
        CLDevice cl => new AcceleratorInfo(
            OpenCL, cl.Name, $"{cl.PlatformName}, {cl.PlatformVersion}",
            cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU), cl.MemorySize, cl.NumMultiprocessors,
            cl.Capabilities.GenericAddressSpace ? null : "its driver lacks OpenCL's generic address space"),
        _ => null, // ILGPU's own, which it offers where a driver has none
    };
}

using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Sharpformer.Tensors.Gpu;

/// <summary>The libraries of GPU drivers. Looking for them costs a millisecond; asking ILGPU without them, a hundred.</summary>
internal static class DriverLibraries
{
    // ILGPU asks for the names without a version, which on Linux only come with the packages for developers.
    static DriverLibraries() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += Versioned;

    /// <summary>NVIDIA's driver.</summary>
    public static bool Cuda { get; } = Found(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1");

    /// <summary>The loader of OpenCL drivers; there may be none for it to load.</summary>
    public static bool OpenCL { get; } = Found(
        OperatingSystem.IsWindows() ? "OpenCL.dll"
            : OperatingSystem.IsMacOS() ? "/System/Library/Frameworks/OpenCL.framework/OpenCL" : "libOpenCL.so.1");

    /// <summary>Which of <see cref="Accelerators.Names"/> have a library here that can be asked for devices.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        [.. Cuda ? (string[])[Accelerators.Cuda] : [], .. OpenCL ? (string[])[Accelerators.OpenCL] : []];

    private static bool Found(string name) => NativeLibrary.TryLoad(name, out _);

    private static nint Versioned(Assembly assembly, string name)
    {
        string? file = name.ToUpperInvariant() switch
        {
            "CUDA" => "libcuda.so.1",
            "OPENCL" => "libOpenCL.so.1",
            _ => null,
        };
        return OperatingSystem.IsLinux() && file is not null && NativeLibrary.TryLoad(file, out nint library) ? library : 0;
    }
}

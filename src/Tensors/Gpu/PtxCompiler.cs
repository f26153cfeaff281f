using System.Globalization;
using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Compiles kernels to the code that ILGPU hands to an NVIDIA driver; neither a driver nor a GPU is needed. ILGPU 1.5 writes code
/// for sm_80 at most, which the driver then turns into that of the GPU at hand.
/// </summary>
public sealed class PtxCompiler : IDisposable
{
    private readonly Context context = Context.Create(builder => builder.EnableAlgorithms());
    private readonly PTXBackend backend;

    /// <summary>Compiles for one architecture.</summary>
    /// <param name="architecture">For example <c>sm_80</c>.</param>
    /// <exception cref="InputException">It is not written like one, or older than sm_60.</exception>
    public PtxCompiler(string architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        if (!architecture.StartsWith("sm_", StringComparison.Ordinal)
            || !int.TryParse(architecture.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            || version is < 60 or > 999)
            throw new InputException($"GPU architecture '{architecture}', expected one such as sm_80 or sm_90.", "sm_60 is the oldest.");
        var target = new CudaArchitecture(version / 10, version % 10);
        backend = new PTXBackend(context, new CudaCapabilityContext(target), target, CudaInstructionSet.ISA_80, null!);
    }

    /// <summary>What to call a kernel, for example <c>MapKernels.Unary(ActivateOp(Silu))</c>.</summary>
    public static string NameOf(MethodInfo kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        string functors = string.Join(',', kernel.GetGenericArguments().Select(Functor.NameOf));
        return $"{kernel.DeclaringType!.Name}.{kernel.Name}" + (functors.Length > 0 ? $"({functors})" : "");
    }

    /// <summary>The code of one kernel.</summary>
    /// <param name="kernel">One of <see cref="KernelCatalogue.Kernels"/>.</param>
    /// <exception cref="InvalidOperationException">It does something that no GPU can.</exception>
    public string Compile(MethodInfo kernel)
    {
        try
        {
            CompiledKernel compiled = backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel), default);
            return ((PTXCompiledKernel)compiled).PTXAssembly;
        }
        catch (Exception e) when (e is InternalCompilerException or NotSupportedException)
        {
            throw new InvalidOperationException(
                $"{NameOf(kernel)} cannot be compiled for a GPU: {(e.InnerException ?? e).Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        backend.Dispose();
        context.Dispose();
    }
}

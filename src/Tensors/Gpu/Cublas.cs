using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// NVIDIA's own matrix products, where the machine has the library: it comes with the CUDA toolkit, not with
/// the driver, and nothing needs it.
/// </summary>
internal sealed unsafe class Cublas : IDisposable
{
    /// <summary>Names of the library, the newest first.</summary>
    public static IReadOnlyList<string> Names { get; } = OperatingSystem.IsWindows()
        ? ["cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"]
        : ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11"];

    private readonly string cardName;
    private readonly nint handle;
    private readonly delegate* unmanaged<nint, CublasStatus> destroy;
    private readonly delegate* unmanaged<
        nint, int, int, int, int, int, float*, float*, int, long, float*, int, long, float*, float*, int, long, int, CublasStatus> sgemm;

    /// <summary>Starts a library for the CUDA context that is bound to this thread.</summary>
    /// <param name="library">What the system loaded.</param>
    /// <param name="cardName">For messages.</param>
    /// <param name="stream">CUDA's handle of the stream that products are queued on.</param>
    /// <exception cref="InputException">It does not start.</exception>
    internal Cublas(nint library, string cardName, nint stream)
    {
        this.cardName = cardName;
        var create = (delegate* unmanaged<nint*, CublasStatus>)NativeLibrary.GetExport(library, "cublasCreate_v2");
        var setStream = (delegate* unmanaged<nint, nint, CublasStatus>)NativeLibrary.GetExport(library, "cublasSetStream_v2");
        destroy = (delegate* unmanaged<nint, CublasStatus>)NativeLibrary.GetExport(library, "cublasDestroy_v2");
        sgemm = (delegate* unmanaged<
            nint, int, int, int, int, int, float*, float*, int, long, float*, int, long, float*, float*, int, long, int, CublasStatus>)
            NativeLibrary.GetExport(library, "cublasSgemmStridedBatched");
        nint created = 0;
        Check(create(&created));
        handle = created;
        Check(setStream(handle, stream));
    }

    /// <summary>Finds the newest library there is and starts it for a card's stream.</summary>
    /// <exception cref="InputException">There is none, or it does not start.</exception>
    public static Cublas Start(CudaAccelerator accelerator)
    {
        accelerator.Bind();
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return new Cublas(library, accelerator.Name, ((CudaStream)accelerator.DefaultStream).StreamPtr);
        }

        throw new InputException(
            $"Products by cuBLAS: the machine has none, looked for {string.Join(", ", Names)}.",
            $"install cuBLAS of the CUDA toolkit, or multiply with {GpuGemm.F32}, which needs nothing.");
    }

    /// <summary>Queues a product. The card's context is bound; addresses are the card's.</summary>
    /// <param name="product">What to multiply.</param>
    /// <param name="a">Where A's tensor begins.</param>
    /// <param name="b">Where B's tensor begins.</param>
    /// <param name="c">Where C's tensor begins.</param>
    /// <param name="accumulate">Whether C holds a summand.</param>
    /// <exception cref="InputException">The card, or the library, gave up.</exception>
    public void Multiply(in CublasProduct product, nint a, nint b, nint c, bool accumulate)
    {
        (CublasMatrix first, CublasMatrix second, CublasMatrix result) = (product.First, product.Second, product.Result);
        float one = 1, beta = accumulate ? 1 : 0; // read before the call returns
        for (int i = 0; i < product.Loops; i++)
        {
            Check(sgemm(
                handle, first.Transposed ? 1 : 0, second.Transposed ? 1 : 0, product.M, product.N, product.K, &one,
                (float*)b + first.Start(i), first.Lead, first.BatchStride,
                (float*)a + second.Start(i), second.Lead, second.BatchStride, &beta,
                (float*)c + result.Start(i), result.Lead, result.BatchStride, product.Batch));
        }
    }

    /// <summary>Ends the library's work for the card, whose context is bound.</summary>
    public void Dispose() => _ = destroy(handle); // a card that is gone has nothing left to end

    private void Check(CublasStatus status)
    {
        if (status != CublasStatus.Success)
            throw new InputException($"{cardName} stopped working (cuBLAS: {status}).", $"start again, or multiply with {GpuGemm.F32}.");
    }

    /// <summary>What calls return: <c>cublasStatus_t</c>; others show as numbers.</summary>
    private enum CublasStatus
    {
        Success = 0,
        NotInitialized = 1,
        AllocFailed = 3,
        InvalidValue = 7,
        ArchMismatch = 8,
        MappingError = 11,
        ExecutionFailed = 13,
        InternalError = 14,
        NotSupported = 15,
    }
}

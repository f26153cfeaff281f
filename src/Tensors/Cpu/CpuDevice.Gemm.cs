using System.Runtime.Intrinsics;

namespace Sharpformer.Tensors.Cpu;

/// <content>The matrix product: check, choose the micro-kernel.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public override void Gemm(in MatrixView a, in MatrixView b, in MatrixView c, bool accumulate = false)
    {
        Arguments.Gemm(a, b, c);
        float* left = Source("Gemm", a.Tensor), product = Destination("Gemm", c.Tensor);
        byte* right = Stored("Gemm", b.Tensor);
        var storage = (CpuStorage)b.Tensor.Storage;

        // Only products of a few rows spend much of their time on widening.
        bool finiteF16 = b.Tensor.DType == DType.F16 && a.Rows <= GemmStreaming.MaxRows && storage.FiniteF16(work);
        var batch = new GemmBatch(a, b, c, left, right, product, accumulate, finiteF16);
        PackedWeights? weights = storage.Weights;
        switch (kernel)
        {
            case GemmKernel.Vector512: Gemm<MicroKernel<Register512, Vector512<float>>>.Run(batch, weights, work, pool); break;
            case GemmKernel.Vector256: Gemm<MicroKernel<Register256, Vector256<float>>>.Run(batch, weights, work, pool); break;
            default: Gemm<MicroKernel<Register128, Vector128<float>>>.Run(batch, weights, work, pool); break;
        }

        GC.KeepAlive(a.Tensor);
        GC.KeepAlive(b.Tensor);
        GC.KeepAlive(c.Tensor);
    }
}

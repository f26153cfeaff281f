using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <content>The matrix product: check, choose the kernel.</content>
public sealed partial class GpuDevice
{
    /// <inheritdoc/>
    public override void Gemm(in MatrixView a, in MatrixView b, in MatrixView c, bool accumulate = false)
    {
        Arguments.Gemm(a, b, c);
        ArrayView<float> left = Source("Gemm", a.Tensor), product = Destination("Gemm", c.Tensor);
        var arguments = new GemmArguments(a, left, b, Stored("Gemm", b.Tensor), c, product, accumulate);
        long count = (long)arguments.Matrices * arguments.M * arguments.N;
        if (count == 0) return;
        Action<GemmArguments> kernel = b.Tensor.DType switch
        {
            DType.F16 => GemmPlainKernels.Run<StoredF16>,
            DType.BF16 => GemmPlainKernels.Run<StoredBF16>,
            _ => GemmPlainKernels.Run<StoredF32>,
        };
        Launch(kernel, Groups(count), Group, arguments);
    }
}

namespace Sharpformer.Tensors.Gpu;

/// <summary>Where the matrices of a <see cref="MatrixView"/> start, as kernels find them.</summary>
internal readonly struct BatchStarts
{
    private readonly long offset, outerStride, innerStride;
    private readonly int inner;

    public BatchStarts(in MatrixView view) =>
        (offset, outerStride, innerStride, inner) = (view.Offset, view.OuterStride, view.InnerStride, view.Inner);

    /// <summary>One level of matrices, <paramref name="stride"/> elements apart.</summary>
    public BatchStarts(long stride) => (offset, outerStride, innerStride, inner) = (0, stride, 0, 1);

    /// <summary>The first element of a matrix.</summary>
    public long this[int matrix] => offset + matrix / inner * outerStride + matrix % inner * innerStride;
}

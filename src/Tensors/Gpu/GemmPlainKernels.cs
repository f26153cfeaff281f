using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Products C (+)= A·B. A and C lie as their views say; B's elements are bytes of its storage type, so its strides come apart.
/// </summary>
internal readonly struct GemmArguments(in MatrixView a, ArrayView<float> aData, in MatrixView b, ArrayView<byte> bData, in MatrixView c, ArrayView<float> cData, bool accumulate)
{
    public readonly GpuMatrix A = new(a, aData), C = new(c, cData);
    public readonly ArrayView<byte> BData = bData;
    public readonly long BOffset = b.Offset, BOuterStride = b.OuterStride, BInnerStride = b.InnerStride;
    public readonly int BInner = b.Inner, BRowStride = b.RowStride, BColumnStride = b.ColumnStride;
    public readonly int M = c.Rows, N = c.Columns, K = a.Columns;
    public readonly int Matrices = checked(c.Outer * c.Inner);
    public readonly int Accumulate = accumulate ? 1 : 0;

    /// <summary>Where element (k, column) of matrix number <paramref name="matrix"/> of B lies.</summary>
    public long B(int matrix, int k, int column) =>
        BOffset + matrix / BInner * BOuterStride + matrix % BInner * BInnerStride + k * (long)BRowStride + column * (long)BColumnStride;
}

/// <summary>The product as it is defined, one thread for each element of C: what the fast kernels are checked against.</summary>
internal static class GemmPlainKernels
{
    [Kernel]
    public static void Run<TStored>(GemmArguments g) where TStored : struct, IStored
    {
        long perMatrix = (long)g.M * g.N;
        for (long i = GridRange.First; i < g.Matrices * perMatrix; i += GridRange.Step)
        {
            int matrix = (int)(i / perMatrix), row = (int)(i % perMatrix / g.N), column = (int)(i % g.N);
            float sum = 0;
            for (int k = 0; k < g.K; k++) sum += g.A[matrix, row, k] * TStored.At(g.BData, g.B(matrix, k, column));
            ref float c = ref g.C[matrix, row, column];
            c = g.Accumulate != 0 ? c + sum : sum;
        }
    }
}

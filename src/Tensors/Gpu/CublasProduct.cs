namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// A matrix, or a batch, as cuBLAS is told of it. cuBLAS counts down columns: where rows are what is adjacent it sees the transpose.
/// </summary>
/// <param name="Transposed">Whether columns are what is adjacent: cuBLAS then sees the matrix itself, and has to transpose it.</param>
/// <param name="Offset">First element.</param>
/// <param name="Lead">
/// Elements between the starts of neighbouring rows, or columns where those are adjacent: cuBLAS' leading dimension.
/// </param>
/// <param name="LoopStride">Elements between the batches of single calls.</param>
/// <param name="BatchStride">Elements between the matrices of a call.</param>
internal readonly record struct CublasMatrix(bool Transposed, long Offset, int Lead, long LoopStride, long BatchStride)
{
    /// <summary>First element of a call.</summary>
    public long Start(int loop) => Offset + loop * LoopStride;

    /// <summary>What cuBLAS is told; null where it takes no such matrix, as its rows overlap.</summary>
    public static CublasMatrix? Of(in MatrixView view)
    {
        bool transposed = view.ColumnStride != 1;
        (int length, int count, int lead) = transposed
            ? (view.Rows, view.Columns, view.ColumnStride)
            : (view.Columns, view.Rows, view.RowStride);
        if (count == 1) lead = Math.Max(lead, length); // never used, yet checked
        if (lead < length) return null;
        return view.Inner == 1
            ? new CublasMatrix(transposed, view.Offset, lead, 0, view.OuterStride)
            : new CublasMatrix(transposed, view.Offset, lead, view.OuterStride, view.InnerStride);
    }
}

/// <summary>
/// A product C (+)= A·B in the arguments of <c>cublasSgemmStridedBatched</c>, as its documentation has them: what cuBLAS sees of C
/// is Cᵀ = Bᵀ·Aᵀ, so its first factor is our second. The outer level of a batch is a loop of calls unless it is the only one.
/// </summary>
/// <param name="First">B.</param>
/// <param name="Second">A.</param>
/// <param name="Result">C, never transposed.</param>
/// <param name="M">Columns of C.</param>
/// <param name="N">Rows of C.</param>
/// <param name="K">Terms of a sum.</param>
/// <param name="Loops">Calls.</param>
/// <param name="Batch">Matrices of a call.</param>
internal readonly record struct CublasProduct(
    CublasMatrix First, CublasMatrix Second, CublasMatrix Result, int M, int N, int K, int Loops, int Batch)
{
    /// <summary>Null where cuBLAS has no arguments for it. The views fit each other, see <see cref="Arguments.Gemm"/>.</summary>
    public static CublasProduct? Of(in MatrixView a, in MatrixView b, in MatrixView c)
    {
        if (CublasMatrix.Of(b) is not { } first || CublasMatrix.Of(a) is not { } second
            || CublasMatrix.Of(c) is not { Transposed: false } result)
            return null;
        (int loops, int batch) = c.Inner == 1 ? (1, c.Outer) : (c.Outer, c.Inner);
        return new CublasProduct(first, second, result, c.Columns, c.Rows, a.Columns, loops, batch);
    }
}

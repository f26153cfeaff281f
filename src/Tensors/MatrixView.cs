namespace Sharpformer.Tensors;

/// <summary>
/// A matrix, or a two-level batch of matrices, inside a tensor: what <see cref="Device.Gemm"/> works on.
/// Element (r, c) of matrix (o, i) lies at <c>Offset + o·OuterStride + i·InnerStride + r·RowStride + c·ColumnStride</c>.
/// Transposing swaps the strides, so NN, NT and TN products need no separate verbs; attention heads interleaved in
/// <c>[B,T,3C]</c> need no copy.
/// </summary>
/// <param name="Tensor">The memory; F16, BF16 and Q8 are allowed for the right-hand factor.</param>
/// <param name="Offset">First element, relative to the tensor's own first element.</param>
/// <param name="Rows">Rows of each matrix.</param>
/// <param name="Columns">Columns of each matrix.</param>
/// <param name="RowStride">Elements between rows.</param>
/// <param name="ColumnStride">Elements between columns; either this or <paramref name="RowStride"/> is 1.</param>
/// <param name="Outer">Matrices along the outer batch level.</param>
/// <param name="OuterStride">Elements between them.</param>
/// <param name="Inner">Matrices along the inner batch level.</param>
/// <param name="InnerStride">Elements between them.</param>
public readonly record struct MatrixView(
    Tensor Tensor, long Offset, int Rows, int Columns, int RowStride, int ColumnStride,
    int Outer = 1, long OuterStride = 0, int Inner = 1, long InnerStride = 0)
{
    /// <summary>A whole tensor as one matrix <c>[Rows, Columns]</c>.</summary>
    public static implicit operator MatrixView(Tensor tensor) => Of(tensor);

    /// <summary>A whole tensor as one matrix <c>[Rows, Columns]</c>.</summary>
    public static MatrixView Of(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new(tensor, 0, tensor.Rows, tensor.Columns, tensor.Columns, 1);
    }

    /// <summary>The same memory, rows and columns exchanged.</summary>
    public MatrixView Transposed => this with
    {
        Rows = Columns,
        Columns = Rows,
        RowStride = ColumnStride,
        ColumnStride = RowStride,
    };

    /// <summary>Shape as written in error messages; batch levels first when there are any.</summary>
    public override string ToString() => Outer * Inner == 1 ? $"[{Rows},{Columns}]" : $"[{Outer},{Inner},{Rows},{Columns}]";
}

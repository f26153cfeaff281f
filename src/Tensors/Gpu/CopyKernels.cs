using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>Where the elements of a <see cref="MatrixView"/> lie.</summary>
internal readonly struct GpuMatrix(in MatrixView view, ArrayView<float> data)
{
    private readonly ArrayView<float> data = data;
    private readonly BatchStarts starts = new(view);
    private readonly int rowStride = view.RowStride, columnStride = view.ColumnStride;

    /// <summary>Element (row, column) of matrix number <paramref name="matrix"/> of the batch.</summary>
    public ref float this[int matrix, int row, int column] =>
        ref data[starts[matrix] + row * (long)rowStride + column * (long)columnStride];
}

/// <summary>Matrices of equal size.</summary>
internal readonly record struct CopyArguments(GpuMatrix Source, GpuMatrix Destination, int Matrices, int Rows, int Columns);

/// <summary>Copies between parts of matrices.</summary>
internal static class CopyKernels
{
    [Kernel]
    public static void Copy(CopyArguments c)
    {
        long perMatrix = (long)c.Rows * c.Columns;
        for (long i = GridRange.First; i < c.Matrices * perMatrix; i += GridRange.Step)
        {
            int matrix = (int)(i / perMatrix), within = (int)(i % perMatrix), row = within / c.Columns, column = within % c.Columns;
            c.Destination[matrix, row, column] = c.Source[matrix, row, column];
        }
    }
}

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// A symmetric matrix [m,m] in float64, of which the lower triangle counts. It lies row-major with rows and columns
/// padded to whole strips of <see cref="Syrk"/>, so that the loops over it know no edges; the padding is zero and stays it.
/// </summary>
public sealed class SymmetricMatrix
{
    /// <summary>The largest size whose elements an array can hold.</summary>
    public const int MaxSize = 46320;

    /// <summary>A matrix of zeros.</summary>
    /// <param name="size">m, rows and columns.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is not 1 … <see cref="MaxSize"/>.</exception>
    /// <exception cref="OutOfMemoryException">The machine has no room for 8·m² bytes.</exception>
    public SymmetricMatrix(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxSize);
        Size = size;
        Stride = Syrk.Strips(size) * Syrk.StripRows;
        Values = new double[(long)Stride * Stride];
    }

    /// <summary>m, rows and columns.</summary>
    public int Size { get; }

    /// <summary>Elements from one row to the next.</summary>
    internal int Stride { get; }

    /// <summary>All elements; what lies above the diagonal is undefined.</summary>
    internal double[] Values { get; }

    /// <summary>An element, the same as that with row and column exchanged.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row or column.</exception>
    public double this[int row, int column]
    {
        get => Values[At(row, column)];
        set => Values[At(row, column)] = value;
    }

    /// <summary>The sum of the diagonal.</summary>
    public double Trace()
    {
        double sum = 0;
        for (int i = 0; i < Size; i++) sum += Values[(long)i * Stride + i];
        return sum;
    }

    /// <summary>Adds the same to every element of the diagonal.</summary>
    public void AddToDiagonal(double value)
    {
        for (int i = 0; i < Size; i++) Values[(long)i * Stride + i] += value;
    }

    /// <summary>The part of a row that counts: from column 0 to the diagonal.</summary>
    internal Span<double> LowerRow(int row) => Values.AsSpan(row * Stride, row + 1);

    private long At(int row, int column)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Size, nameof(row));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)Size, nameof(column));
        return (long)Math.Max(row, column) * Stride + Math.Min(row, column);
    }
}

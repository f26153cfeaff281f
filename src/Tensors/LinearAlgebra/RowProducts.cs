using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// Products of matrices that are given as float32 rows, in float64: each element is one chain of multiply-adds in a fixed order, so neither
/// threads nor what else is computed along change its bits.
/// </summary>
public static unsafe class RowProducts
{
    private const int Rows = Syrk.StripRows;

    /// <summary>The symmetric part of A·Bᵀ, (A·Bᵀ + B·Aᵀ) / 2: all of it where A·Bᵀ is symmetric but for rounding.</summary>
    /// <param name="a">A, n rows of m numbers.</param>
    /// <param name="b">B, as many of the same length.</param>
    /// <param name="device">Whose threads share the work.</param>
    /// <returns>[n,n].</returns>
    /// <exception cref="ArgumentException">There is no row, or there are not as many of B, or they are not of one length.</exception>
    /// <exception cref="OutOfMemoryException">The machine has no room for it.</exception>
    public static SymmetricMatrix SymmetricPart(IReadOnlyList<float[]> a, IReadOnlyList<float[]> b, CpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        int m = LengthOf(a), strips = Syrk.Strips(a.Count);
        if (b.Count != a.Count || LengthOf(b) != m)
            throw new ArgumentException($"SymmetricPart: {a.Count} rows of {m} numbers beside {b.Count} others.");
        var sum = new SymmetricMatrix(a.Count);
        using var packed = new HostBlock(2L * sizeof(double) * sum.Stride * Syrk.Depth);
        nint left = (nint)packed.Pointer, right = left + (nint)(sizeof(double) * (long)sum.Stride * Syrk.Depth);
        fixed (double* values = sum.Values)
        {
            for (int from = 0; from < m; from += Syrk.Depth)
            {
                int depth = Math.Min(Syrk.Depth, m - from), first = from;
                device.Work.Run(strips, strip =>
                {
                    PackRows(a, strip, first, depth, (double*)left);
                    PackRows(b, strip, first, depth, (double*)right);
                });
                Syrk.AddLower((double*)left, (double*)right, depth, values, sum.Stride, strips, device.Work);
                Syrk.AddLower((double*)right, (double*)left, depth, values, sum.Stride, strips, device.Work);
            }
        }

        for (int row = 0; row < a.Count; row++)
            foreach (ref double value in sum.LowerRow(row)) value *= 0.5;
        return sum;
    }

    /// <summary>C = Aᵀ·X, rounded to float32 at the end.</summary>
    /// <param name="a">A, n rows of m numbers.</param>
    /// <param name="x">X transposed, [columns,n].</param>
    /// <param name="transposed">Whether C is wanted as [columns,m], not as [m,columns].</param>
    /// <param name="device">Whose threads share the work.</param>
    /// <exception cref="ArgumentException">There is no row, rows are not of one length, or X is no whole number of columns.</exception>
    public static float[] Combine(IReadOnlyList<float[]> a, double[] x, bool transposed, CpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(device);
        int n = a.Count, m = LengthOf(a), columns = x.Length / n;
        if (columns * n != x.Length) throw new ArgumentException($"Combine: {x.Length} numbers are no columns of {n}.");
        int wide = Syrk.Strips(columns);
        float[] product = new float[(long)m * columns];
        using var packed = new HostBlock(sizeof(double) * (long)wide * Rows * n);
        nint right = (nint)packed.Pointer;
        device.Work.Run(wide, strip => PackColumns(x, n, columns, strip, (double*)right));
        device.Work.Run(Syrk.Strips(m), strip =>
        {
            using var scratch = new HostBlock(sizeof(double) * (long)Rows * (wide * Rows + n));
            double* c = (double*)scratch.Pointer, left = c + (long)Rows * wide * Rows;
            new Span<double>(c, Rows * wide * Rows).Clear();
            for (int k = 0; k < n; k++)
                for (int i = 0; i < Rows; i++) left[(long)k * Rows + i] = strip * Rows + i < m ? a[k][strip * Rows + i] : 0;
            for (int from = 0; from < n; from += Syrk.Depth)
            {
                int depth = Math.Min(Syrk.Depth, n - from);
                for (int j = 0; j < wide; j++)
                {
                    double* top = (double*)right + ((long)j * n + from) * Rows;
                    for (int row = 0; row < Rows; row += 4)
                        Syrk.Tile(left + (long)from * Rows + row, Rows, top, depth, c + (long)row * wide * Rows + j * Rows, wide * Rows);
                }
            }

            for (int i = 0; i < Math.Min(Rows, m - strip * Rows); i++)
            {
                long row = strip * Rows + i;
                for (int j = 0; j < columns; j++)
                    product[transposed ? (long)j * m + row : row * columns + j] = (float)c[(long)i * wide * Rows + j];
            }
        });
        return product;
    }

    private static int LengthOf(IReadOnlyList<float[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0) throw new ArgumentException("RowProducts: there are no rows.");
        int length = rows[0].Length;
        foreach (float[] row in rows)
            if (row.Length != length) throw new ArgumentException($"RowProducts: a row of {row.Length} numbers beside one of {length}.");
        return length;
    }

    /// <summary>A strip of rows from a column on, [depth][12].</summary>
    private static void PackRows(IReadOnlyList<float[]> rows, int strip, int from, int depth, double* packed)
    {
        double* to = packed + (long)strip * depth * Rows;
        for (int i = 0; i < Rows; i++)
        {
            float[]? row = strip * Rows + i < rows.Count ? rows[strip * Rows + i] : null;
            for (int k = 0; k < depth; k++) to[k * Rows + i] = row is null ? 0 : row[from + k];
        }
    }

    /// <summary>A strip of X's columns, [n][12].</summary>
    private static void PackColumns(double[] x, int n, int columns, int strip, double* packed)
    {
        double* to = packed + (long)strip * n * Rows;
        for (int j = 0; j < Rows; j++)
        {
            int column = strip * Rows + j;
            for (int k = 0; k < n; k++) to[(long)k * Rows + j] = column < columns ? x[(long)column * n + k] : 0;
        }
    }
}

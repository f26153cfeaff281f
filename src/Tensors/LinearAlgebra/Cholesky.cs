using System.Numerics;
using System.Runtime.CompilerServices;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// A symmetric positive definite matrix as A = L·Lᵀ, L lower triangular, in float64: what solves A·X = B without ever
/// making an inverse. Blocked and right-looking: a panel of columns is factored, then its rank-k update is taken from
/// all that lies right of it. Every element is one chain of multiply-adds in the order of the columns, so its bits depend
/// neither on the panels nor on the number of threads.
/// </summary>
public sealed unsafe class Cholesky
{
    /// <summary>Columns of a panel, whole strips: more make the update faster, fewer the rest.</summary>
    private const int Panel = 144;

    private readonly SymmetricMatrix factor;
    private readonly WorkSharing work;

    private Cholesky(SymmetricMatrix factor, WorkSharing work)
    {
        this.factor = factor;
        this.work = work;
    }

    /// <summary>m, rows and columns.</summary>
    public int Size => factor.Size;

    /// <summary>An element of L; zero above the diagonal.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row or column.</exception>
    public double this[int row, int column] => column > row && column < Size ? 0 : factor[row, column];

    /// <summary>Factors a copy of <paramref name="matrix"/>, m³/3 multiply-adds and as many bytes more as it has.</summary>
    /// <param name="matrix">A, which stays as it is.</param>
    /// <param name="device">Whose threads share the work, now and in <see cref="Solve(ReadOnlySpan{double})"/>.</param>
    /// <param name="ridge">What is added to every element of the diagonal before.</param>
    /// <exception cref="InputException">
    /// A is not positive definite to working precision: a pivot is negative, no number, or no more than the rounding errors
    /// of what stood there.
    /// </exception>
    /// <exception cref="OutOfMemoryException">The machine has no room for the copy.</exception>
    public static Cholesky Factor(SymmetricMatrix matrix, CpuDevice device, double ridge = 0)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(device);
        var factor = new SymmetricMatrix(matrix.Size);
        for (int row = 0; row < matrix.Size; row++) matrix.LowerRow(row).CopyTo(factor.LowerRow(row));
        factor.AddToDiagonal(ridge);

        HostBlock scratch = device.Pool.Rent(sizeof(double) * (2L * factor.Stride * Panel + Panel * Panel));
        try
        {
            fixed (double* values = factor.Values) Factor(values, factor.Stride, matrix, (double*)scratch.Pointer, device.Work);
        }
        finally
        {
            device.Pool.Return(scratch);
        }

        return new Cholesky(factor, device.Work);
    }

    /// <summary>Solves A·x = b for every row b of <paramref name="rightHandSides"/>: L·y = b, then Lᵀ·x = y.</summary>
    /// <param name="rightHandSides">[n,m] row-major, or [m] for a single one.</param>
    /// <returns>[n,m], solution after solution; each has the bits that it has alone.</returns>
    /// <exception cref="ArgumentException">They are no whole number of rows.</exception>
    public double[] Solve(ReadOnlySpan<double> rightHandSides) => Solve(rightHandSides, Size);

    /// <summary>The same with A's first rows and columns alone, whose factor is the beginning of A's, bit for bit.</summary>
    /// <param name="rightHandSides">[n,leading] row-major.</param>
    /// <param name="leading">How many of A's rows and columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">A has not so many.</exception>
    /// <exception cref="ArgumentException">They are no whole number of rows.</exception>
    public double[] Solve(ReadOnlySpan<double> rightHandSides, int leading)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(leading);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leading, Size);
        if (rightHandSides.Length % leading != 0)
            throw new ArgumentException($"{rightHandSides.Length} numbers are no rows of {leading}.", nameof(rightHandSides));
        double[] solutions = rightHandSides.ToArray();
        fixed (double* values = factor.Values, x = solutions)
        {
            int count = solutions.Length / leading, groups = (count + TriangularSolve.Group - 1) / TriangularSolve.Group;
            work.Run(groups, new TriangularSolve(values, factor.Stride, leading, x, count));
        }

        return solutions;
    }

    /// <summary>
    /// How far A is from being singular, from below: the square of the largest over the smallest number on L's diagonal.
    /// </summary>
    public double ConditionAtLeast()
    {
        double least = double.PositiveInfinity, most = 0;
        for (int i = 0; i < Size; i++) (least, most) = (Math.Min(least, factor[i, i]), Math.Max(most, factor[i, i]));
        return most / least * (most / least);
    }

    private static void Factor(double* a, long stride, SymmetricMatrix matrix, double* scratch, WorkSharing work)
    {
        double* packed = scratch + Panel * Panel, negated = packed + stride * Panel;
        for (int first = 0; first < matrix.Size; first += Panel)
        {
            int columns = Math.Min(Panel, matrix.Size - first);
            double* corner = a + first * stride + first;
            FactorCorner(corner, stride, columns, scratch, matrix, first);
            int strips = (int)(stride - first - columns) / Syrk.StripRows; // None after the last panel, which may end in padding.
            if (strips == 0) return;
            work.Run(strips, new PanelStrips(scratch, corner + Panel * stride, stride, packed, negated));
            Syrk.AddLower(negated, packed, Panel, corner + Panel * stride + Panel, stride, strips, work);
        }
    }

    /// <summary>Factors the panel's part on the diagonal in place, through its transpose, along whose rows the loops run.</summary>
    private static void FactorCorner(double* corner, long stride, int size, double* transposed, SymmetricMatrix matrix, int first)
    {
        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k <= i; k++) transposed[k * Panel + i] = corner[i * stride + k];
        }

        for (int k = 0; k < size; k++)
        {
            double* row = transposed + k * Panel;
            Check(row[k], matrix, first + k);
            double root = Math.Sqrt(row[k]);
            row[k] = root;
            for (int i = k + 1; i < size; i++) row[i] /= root;
            for (int j = k + 1; j < size; j++) MultiplyAdd(-row[j], row + j, transposed + j * Panel + j, size - j);
        }

        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k <= i; k++) corner[i * stride + k] = transposed[k * Panel + i];
        }
    }

    private static void Check(double pivot, SymmetricMatrix matrix, int index)
    {
        // What m subtractions leave of a number that should have become zero.
        double least = matrix.Size * Math.ScaleB(1, -52) * Math.Abs(matrix[index, index]);
        if (pivot > least && double.IsFinite(pivot)) return;
        string expected = double.IsFinite(pivot) ? $"more than {least:g3}" : "a number";
        throw new InputException(
            $"The matrix [{matrix.Size},{matrix.Size}] is not positive definite: "
                + $"pivot {index}, counted from 0, is {pivot:g6}, expected {expected}.",
            "is it a sum over fewer rows than it has columns? Take more rows, or add more to its diagonal.");
    }

    /// <summary>y += x·scale.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void MultiplyAdd(double scale, double* x, double* y, int count)
    {
        Vector<double> scales = new(scale);
        int i = 0;
        for (; i <= count - Vector<double>.Count; i += Vector<double>.Count)
            Vector.MultiplyAddEstimate(scales, Vector.Load(x + i), Vector.Load(y + i)).Store(y + i);
        for (; i < count; i++) y[i] = double.MultiplyAddEstimate(scale, x[i], y[i]);
    }

    /// <summary>
    /// Solves X·Lᵀ = A for the strips of rows below a factored corner L, given as Lᵀ: packs them, takes four columns after
    /// another, and leaves the result in the matrix, packed for the update, and packed with its sign changed.
    /// </summary>
    private readonly struct PanelStrips(double* transposed, double* below, long stride, double* packed, double* negated) : IRangeTask
    {
        private const int Rows = Syrk.StripRows, Together = 4;

        public void Run(long start, long end)
        {
            for (long strip = start; strip < end; strip++)
            {
                double* rows = below + strip * Rows * stride, x = packed + strip * Rows * Panel, minus = negated + strip * Rows * Panel;
                for (int r = 0; r < Rows; r++)
                {
                    for (int k = 0; k < Panel; k++) x[k * Rows + r] = rows[r * stride + k];
                }

                for (int column = 0; column < Panel; column += Together)
                {
                    Syrk.Tile(transposed + column, Panel, minus, column, x + column * Rows, Rows);
                    Solve(column, x, minus);
                }

                for (int r = 0; r < Rows; r++)
                {
                    for (int k = 0; k < Panel; k++) rows[r * stride + k] = x[k * Rows + r];
                }
            }
        }

        /// <summary>What the columns before have left of four: x_j = (a_j - Σ_k x_k·l_jk) / l_jj.</summary>
        private void Solve(int first, double* x, double* minus)
        {
            for (int j = first; j < first + Together; j++)
            {
                double* to = x + j * Rows;
                for (int k = first; k < j; k++) MultiplyAdd(transposed[k * Panel + j], minus + k * Rows, to, Rows);
                for (int r = 0; r < Rows; r++)
                {
                    to[r] /= transposed[j * Panel + j];
                    minus[j * Rows + r] = -to[r];
                }
            }
        }
    }
}

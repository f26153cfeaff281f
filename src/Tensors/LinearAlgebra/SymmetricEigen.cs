using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// A symmetric matrix as A = Q·Λ·Qᵀ in float64: made tridiagonal by Householder's reflections, where the implicit QL method finds the
/// eigenvalues (Golub and Van Loan, "Matrix Computations", chapter 8). About m³ multiply-adds for the first, 3m³ for the second, and m² for
/// each vector that is asked for. Its bits do not depend on the number of threads.
/// </summary>
public sealed unsafe class SymmetricEigen
{
    private readonly TridiagonalForm form;
    private readonly double[] turned; // eigenvectors of the tridiagonal form, one a row
    private readonly int[] order; // its rows by ascending eigenvalue
    private readonly WorkSharing work;

    private SymmetricEigen(TridiagonalForm form, double[] values, double[] turned, WorkSharing work)
    {
        order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        Values = [.. order.Select(i => values[i])];
        (this.form, this.turned, this.work) = (form, turned, work);
    }

    /// <summary>m, rows and columns.</summary>
    public int Size => order.Length;

    /// <summary>The eigenvalues, ascending.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>Takes a matrix apart; it stays as it is. The work needs 16·m² bytes beside it.</summary>
    /// <param name="matrix">A.</param>
    /// <param name="device">Whose threads share the work, now and in <see cref="Vectors"/>.</param>
    /// <exception cref="InputException">A holds what is no number.</exception>
    /// <exception cref="OutOfMemoryException">The machine has no room for it.</exception>
    public static SymmetricEigen Of(SymmetricMatrix matrix, CpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(device);
        var form = TridiagonalForm.Of(matrix, device.Work);
        double[] values = [.. form.Diagonal];
        double[] turned = ImplicitQl.Solve(values, [.. form.Beside], device.Work);
        return Array.TrueForAll(values, double.IsFinite) ? new SymmetricEigen(form, values, turned, device.Work) : throw new InputException(
            $"The matrix [{matrix.Size},{matrix.Size}] has no eigenvalues: it holds what is no number, or no finite one.");
    }

    /// <summary>The eigenvectors of the smallest eigenvalues, each of length 1 and at right angles to the others.</summary>
    /// <param name="count">How many.</param>
    /// <returns>[count,m], vector after vector in the order of <see cref="Values"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public double[] Vectors(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Size);
        double[] vectors = new double[(long)count * Size];
        long stride = turned.LongLength / Size;
        for (int i = 0; i < count; i++) turned.AsSpan(checked((int)(order[i] * stride)), Size).CopyTo(vectors.AsSpan(i * Size));
        form.TurnBack(vectors, count, work);
        return vectors;
    }

    /// <summary>Σ x·y in four registers, whose sum is taken in a fixed order.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    internal static double Dot(double* x, double* y, int count)
    {
        const int W = 4;
        Vector256<double> a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i <= count - 4 * W; i += 4 * W)
        {
            a = Vector256.MultiplyAddEstimate(Vector256.Load(x + i), Vector256.Load(y + i), a);
            b = Vector256.MultiplyAddEstimate(Vector256.Load(x + i + W), Vector256.Load(y + i + W), b);
            c = Vector256.MultiplyAddEstimate(Vector256.Load(x + i + 2 * W), Vector256.Load(y + i + 2 * W), c);
            d = Vector256.MultiplyAddEstimate(Vector256.Load(x + i + 3 * W), Vector256.Load(y + i + 3 * W), d);
        }

        double sum = Vector256.Sum((a + b) + (c + d));
        for (; i < count; i++) sum = double.MultiplyAddEstimate(x[i], y[i], sum);
        return sum;
    }

    /// <summary>y += x·scale.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    internal static void Add(double scale, double* x, double* y, int count)
    {
        Vector256<double> scales = Vector256.Create(scale);
        int i = 0;
        for (; i <= count - 4; i += 4) Vector256.MultiplyAddEstimate(scales, Vector256.Load(x + i), Vector256.Load(y + i)).Store(y + i);
        for (; i < count; i++) y[i] = double.MultiplyAddEstimate(scale, x[i], y[i]);
    }
}

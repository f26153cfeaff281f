using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// Eigenvalues and -vectors of a tridiagonal matrix by the QL method with implicit shifts (Golub and Van Loan, section 8.3). The rotations
/// depend on the diagonals alone; they are noted, and many sweeps of them are applied together to a few columns of the vectors at a time,
/// which then stay in the cache.
/// </summary>
internal static unsafe class ImplicitQl
{
    private const int MaxSweeps = 80; // for one eigenvalue; 2 are usual

    /// <summary>Finds them.</summary>
    /// <param name="d">The diagonal, [m]; the eigenvalues afterwards, in no order.</param>
    /// <param name="e">What stands beside it: element k in row k, column k + 1. It is used up.</param>
    /// <param name="work">Threads.</param>
    /// <returns>The vectors, one a row; rows have a multiple of <see cref="Columns"/> numbers.</returns>
    /// <exception cref="InputException">The sweeps come to no end.</exception>
    public static double[] Solve(double[] d, double[] e, WorkSharing work)
    {
        int m = d.Length, stride = (m + Columns - 1) / Columns * Columns;
        double[] vectors = new double[(long)m * stride];
        for (int i = 0; i < m; i++) vectors[(long)i * stride + i] = 1;
        var rotations = new Rotations();
        for (int l = 0; l < m; l++)
        {
            for (int sweeps = 0; End(d, e, l) is var end && end > l; sweeps++)
            {
                if (sweeps == MaxSweeps)
                    throw new InputException($"Eigenvalue {l} of a matrix [{m},{m}] was not found in {sweeps} sweeps.");
                Sweep(d, e, l, end, rotations);
                if (rotations.Count >= SweepsTogether * (long)m) Apply(rotations, vectors, stride, work);
            }
        }

        Apply(rotations, vectors, stride, work);
        return vectors;
    }

    /// <summary>Columns of the vectors that are turned together, four registers.</summary>
    private const int Columns = 16;

    /// <summary>Sweeps over all rows that are applied at once.</summary>
    private const int SweepsTogether = 32;

    /// <summary>Where the part that begins at l falls off from what follows.</summary>
    private static int End(double[] d, double[] e, int l)
    {
        int end = l;
        while (end < d.Length - 1 && Math.Abs(e[end]) > Math.ScaleB(1, -53) * (Math.Abs(d[end]) + Math.Abs(d[end + 1]))) end++;
        return end;
    }

    /// <summary>One step: from the part's end to its beginning, a rotation chases the bulge that the shift has made.</summary>
    private static void Sweep(double[] d, double[] e, int l, int end, Rotations rotations)
    {
        double half = (d[l + 1] - d[l]) / (2 * e[l]);
        double shifted = d[end] - d[l] + e[l] / (half + Math.CopySign(double.Hypot(half, 1), half));
        double s = 1, c = 1, p = 0;
        rotations.Begin(end);
        for (int i = end - 1; i >= l; i--)
        {
            double f = s * e[i], b = c * e[i], r = double.Hypot(f, shifted);
            e[i + 1] = r;
            if (r == 0) // the part falls into two
            {
                d[i + 1] -= p;
                e[end] = 0;
                return;
            }

            (s, c) = (f / r, shifted / r);
            double g = d[i + 1] - p, q = (d[i] - g) * s + 2 * c * b;
            p = s * q;
            d[i + 1] = g + p;
            shifted = c * q - b;
            rotations.Add(c, s);
        }

        d[l] -= p;
        e[l] = shifted;
        e[end] = 0;
    }

    private static void Apply(Rotations rotations, double[] vectors, int stride, WorkSharing work)
    {
        int[] sweeps = [.. rotations.Sweeps];
        double[] numbers = [.. rotations.Numbers];
        fixed (double* rows = vectors, turns = numbers)
        fixed (int* each = sweeps)
            work.Run(stride / Columns, new Turning(rows, stride, turns, each, sweeps.Length / 2));
        rotations.Clear();
    }

    /// <summary>Rotations of rows i and i + 1, sweep after sweep, in each from its end downwards.</summary>
    private sealed class Rotations
    {
        /// <summary>c and s in turn.</summary>
        public List<double> Numbers { get; } = [];

        /// <summary>Of each sweep the row that it begins with, and how many rotations it has.</summary>
        public List<int> Sweeps { get; } = [];

        public long Count => Numbers.Count / 2;

        public void Begin(int row) => Sweeps.AddRange([row, 0]);

        public void Add(double c, double s)
        {
            Numbers.Add(c);
            Numbers.Add(s);
            Sweeps[^1]++;
        }

        public void Clear()
        {
            Numbers.Clear();
            Sweeps.Clear();
        }
    }

    /// <summary>All sweeps for some columns. The row that a sweep has come to stays in registers: each is read and written once.</summary>
    private readonly struct Turning(double* rows, long stride, double* turns, int* sweeps, int count) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long block = start; block < end; block++)
            {
                double* turn = turns;
                for (int i = 0; i < count; i++)
                {
                    int rotations = sweeps[2 * i + 1];
                    Sweep(rows + sweeps[2 * i] * stride + block * Columns, stride, turn, rotations);
                    turn += 2 * rotations;
                }
            }
        }

        [MethodImpl(Loop.OfItsOwn)]
        private static void Sweep(double* row, long stride, double* turn, int rotations)
        {
            const int W = 4;
            Vector256<double> u0 = Vector256.Load(row), u1 = Vector256.Load(row + W);
            Vector256<double> u2 = Vector256.Load(row + 2 * W), u3 = Vector256.Load(row + 3 * W);
            for (int i = 0; i < rotations; i++, turn += 2, row -= stride)
            {
                Vector256<double> c = Vector256.Create(turn[0]), s = Vector256.Create(turn[1]);
                double* below = row - stride;
                u0 = Turn(u0, Vector256.Load(below), c, s, row);
                u1 = Turn(u1, Vector256.Load(below + W), c, s, row + W);
                u2 = Turn(u2, Vector256.Load(below + 2 * W), c, s, row + 2 * W);
                u3 = Turn(u3, Vector256.Load(below + 3 * W), c, s, row + 3 * W);
            }

            u0.Store(row);
            u1.Store(row + W);
            u2.Store(row + 2 * W);
            u3.Store(row + 3 * W);
        }

        /// <summary>z_{i+1} = s·z_i + c·z_{i+1} goes to memory, z_i = c·z_i - s·z_{i+1} is given back.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<double> Turn(
            Vector256<double> upper, Vector256<double> lower, Vector256<double> c, Vector256<double> s, double* to)
        {
            Vector256.MultiplyAddEstimate(s, lower, c * upper).Store(to);
            return Vector256.MultiplyAddEstimate(c, lower, -(s * upper));
        }
    }
}

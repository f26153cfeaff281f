using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// A symmetric matrix as A = H·T·Hᵀ, T tridiagonal, H a product of reflections I - β·v·vᵀ, one a column. A reflection's change of the rest
/// is made while the next one reads it, so that memory is gone through once for each.
/// </summary>
internal sealed unsafe class TridiagonalForm
{
    private readonly double[] a; // row k holds v of reflection k from column k + 1 on
    private readonly double[] betas;

    private TridiagonalForm(int size)
    {
        a = new double[(long)size * size];
        (betas, Diagonal, Beside) = (new double[size], new double[size], new double[size]);
    }

    /// <summary>T's diagonal, [m].</summary>
    public double[] Diagonal { get; }

    /// <summary>What stands beside it: element k in row k, column k + 1; the last is 0.</summary>
    public double[] Beside { get; }

    private int Size => Diagonal.Length;

    /// <summary>Brings a matrix into this form.</summary>
    public static TridiagonalForm Of(SymmetricMatrix matrix, WorkSharing work)
    {
        var form = new TridiagonalForm(matrix.Size);
        int m = matrix.Size;
        for (int i = 0; i < m; i++)
        {
            ReadOnlySpan<double> row = matrix.LowerRow(i);
            for (int j = 0; j <= i; j++) form.a[(long)i * m + j] = form.a[(long)j * m + i] = row[j];
        }

        double[] pending = new double[m], product = new double[m];
        fixed (double* values = form.a, w = pending, p = product) form.Reduce(values, w, p, work);
        return form;
    }

    /// <summary>x ← H·x for rows x of vectors [count,m].</summary>
    public void TurnBack(double[] vectors, int count, WorkSharing work)
    {
        int m = Size, groups = (count + RowGroup - 1) / RowGroup;
        fixed (double* values = a, rows = vectors, beta = betas) work.Run(groups, new Reflections(values, beta, rows, count, m));
    }

    private void Reduce(double* values, double* w, double* p, WorkSharing work)
    {
        int m = Size;
        for (int k = 0; k < m; k++)
        {
            double* row = values + (long)k * m, before = row - m; // before is only read once there is a reflection
            if (k > 0 && betas[k - 1] != 0) Change(row, k, m - k, before, w, k);
            Diagonal[k] = row[k];
            double* v = row + k + 1;
            int rest = m - k - 1;
            Beside[k] = rest == 0 ? 0 : Reflect(v, rest, out betas[k]);
            if (rest == 0) break;
            work.Split(rest, 1 + 20_000 / rest, new PendingRows(values, before, w, p, k, m, k > 0 && betas[k - 1] != 0, betas[k] != 0));
            if (betas[k] == 0) continue;
            double half = 0.5 * betas[k] * betas[k] * SymmetricEigen.Dot(p + k + 1, v, rest);
            for (int i = k + 1; i < m; i++) w[i] = betas[k] * p[i] - half * row[i];
        }
    }

    /// <summary>Makes v of x so that I - β·v·vᵀ leaves only the first number of x.</summary>
    /// <returns>That number; with a β of 0 nothing had to be done.</returns>
    private static double Reflect(double* x, int count, out double beta)
    {
        double largest = 0, tail = 0;
        for (int i = 1; i < count; i++) largest = Math.Max(largest, Math.Abs(x[i]));
        beta = 0;
        if (largest == 0) return x[0];
        double scale = Math.Max(largest, Math.Abs(x[0])); // squares neither overflow nor vanish
        for (int i = 0; i < count; i++) tail += x[i] / scale * (x[i] / scale);
        double norm = scale * Math.Sqrt(tail), left = x[0] > 0 ? -norm : norm;
        x[0] -= left;

        // v is scaled to a first number of 1, so that β lies between 1 and 2.
        double first = x[0];
        for (int i = 0; i < count; i++) x[i] /= first;
        beta = -first / left;
        return left;
    }

    /// <summary>A row less v·wᵀ + w·vᵀ, from a column on.</summary>
    private static void Change(double* row, int index, int count, double* v, double* w, int from)
    {
        double ofV = v[index], ofW = w[index];
        SymmetricEigen.Add(-ofV, w + from, row + from, count);
        SymmetricEigen.Add(-ofW, v + from, row + from, count);
    }

    /// <summary>Vectors that are turned back together, while a reflection is at hand.</summary>
    private const int RowGroup = 4;

    /// <summary>Rows behind k: the change that is pending, then their products with the new v.</summary>
    private readonly struct PendingRows(double* values, double* before, double* w, double* p, int k, int m, bool changes, bool multiplies)
        : IRangeTask
    {
        public void Run(long start, long end)
        {
            double* v = values + (long)k * m;
            for (long i = start; i < end; i++)
            {
                int r = k + 1 + (int)i;
                double* row = values + (long)r * m;
                if (changes) Change(row, r, m - k - 1, before, w, k + 1);
                if (multiplies) p[r] = SymmetricEigen.Dot(row + k + 1, v + k + 1, m - k - 1);
            }
        }
    }

    private readonly struct Reflections(double* values, double* betas, double* rows, int count, int m) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long group = start; group < end; group++)
            {
                long last = Math.Min(count, (group + 1) * RowGroup);
                for (int k = m - 2; k >= 0; k--)
                {
                    if (betas[k] == 0) continue;
                    double* v = values + (long)k * m + k + 1;
                    int rest = m - k - 1;
                    for (long r = group * RowGroup; r < last; r++)
                    {
                        double* x = rows + r * m + k + 1;
                        SymmetricEigen.Add(-betas[k] * SymmetricEigen.Dot(v, x, rest), v, x, rest);
                    }
                }
            }
        }
    }
}

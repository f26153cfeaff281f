using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// Solves L·Lᵀ·x = b for rows b in place, four right-hand sides in a register at a time. Both sweeps read L row by row,
/// as it lies.
/// </summary>
internal readonly unsafe struct TriangularSolve(double* l, long stride, int size, double* rows, int count) : IRangeTask
{
    /// <summary>Right-hand sides that are solved together; an item of the range.</summary>
    public const int Group = 4;

    public void Run(long start, long end)
    {
        using var block = new HostBlock((long)size * Group * sizeof(double));
        double* x = (double*)block.Pointer;
        for (long group = start; group < end; group++)
        {
            int used = (int)Math.Min(Group, count - group * Group);
            double* first = rows + group * Group * size;
            for (int i = 0; i < size; i++)
            {
                for (int r = 0; r < Group; r++) x[i * Group + r] = r < used ? first[(long)r * size + i] : 0;
            }

            Forward(l, stride, size, x);
            Backward(l, stride, size, x);
            for (int r = 0; r < used; r++)
            {
                for (int i = 0; i < size; i++) first[(long)r * size + i] = x[i * Group + r];
            }
        }
    }

    /// <summary>L·y = b: y_i = (b_i - Σ_k l_ik·y_k) / l_ii.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void Forward(double* l, long stride, int size, double* x)
    {
        for (int i = 0; i < size; i++, l += stride)
        {
            Vector256<double> sum = Vector256.Load(x + i * Group);
            for (int k = 0; k < i; k++) sum = Vector256.MultiplyAddEstimate(Vector256.Create(-l[k]), Vector256.Load(x + k * Group), sum);
            (sum / l[i]).Store(x + i * Group);
        }
    }

    /// <summary>Lᵀ·x = y: x_i = y_i / l_ii, which row i of L then takes from all before it.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void Backward(double* l, long stride, int size, double* x)
    {
        l += (size - 1) * stride;
        for (int i = size - 1; i >= 0; i--, l -= stride)
        {
            Vector256<double> solution = Vector256.Load(x + i * Group) / l[i];
            solution.Store(x + i * Group);
            solution = -solution;
            for (int k = 0; k < i; k++)
                Vector256.MultiplyAddEstimate(Vector256.Create(l[k]), solution, Vector256.Load(x + k * Group)).Store(x + k * Group);
        }
    }
}

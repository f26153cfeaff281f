using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Editing.Methods.Malmen;

/// <summary>
/// The ridge regression through which MALMEN's network is trained, as an operation: Ṽ = (K·Kᵀ + e^λ·I)⁻¹·D, of which ΔW = Kᵀ·Ṽ. In
/// float64 by Cholesky.
/// </summary>
internal static class RidgeSolve
{
    /// <summary>Ṽ, with gradients for D and λ.</summary>
    /// <param name="keys">K: n rows of <c>[in]</c>, constants.</param>
    /// <param name="wanted">D, <c>[n,out]</c>.</param>
    /// <param name="logRidge">λ, one number.</param>
    /// <returns><c>[n,out]</c>.</returns>
    public static Variable Of(float[][] keys, Variable wanted, Variable logRidge)
    {
        Device device = wanted.Device;
        double ridge = Math.Exp(logRidge.Value.ToScalar());
        return HostDevice.Run(device, host =>
        {
            var factor = Cholesky.Factor(RowProducts.SymmetricPart(keys, keys, host), host, ridge);
            Tensor solved = Solved(factor, wanted.Value);
            return Tape.Record(solved, [wanted, logRidge], dV =>
            {
                // A⁻¹ is symmetric: dD = A⁻¹·dṼ, and as dA = e^λ·dλ·I, dλ = -e^λ·⟨A⁻¹·dṼ, Ṽ⟩.
                Tensor dD = Solved(factor, dV);
                if (wanted.RequiresGradient) wanted.AddGradient(dD);
                if (!logRidge.RequiresGradient) return;
                double sum = dD.ToArray().Zip(solved.ToArray(), (a, b) => (double)a * b).Sum();
                Tensor slope = device.Allocate(logRidge.Shape);
                device.Fill(slope, (float)(-ridge * sum));
                logRidge.AddGradient(slope);
            });
        });
    }

    /// <summary>A⁻¹·X of columns X <c>[n,out]</c>.</summary>
    private static Tensor Solved(Cholesky factor, Tensor x)
    {
        int n = x.Rows, columns = x.Columns;
        float[] values = x.ToArray();
        double[] rows = new double[values.Length]; // transposed: a right-hand side after the other
        for (int i = 0; i < values.Length; i++) rows[((long)(i % columns) * n) + (i / columns)] = values[i];
        double[] solutions = factor.Solve(rows);
        for (int i = 0; i < values.Length; i++) values[i] = (float)solutions[((long)(i % columns) * n) + (i / columns)];
        return x.Device.From(values, n, columns);
    }
}

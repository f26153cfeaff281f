using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// z = x·y, or x·yᵀ with <paramref name="transposeY"/> (a language-model head stored as <c>[V,C]</c>).
    /// Leading dimensions of x are rows: x <c>[…,K]</c>, y <c>[K,N]</c> or <c>[N,K]</c>, z <c>[rows,N]</c>.
    /// </summary>
    /// <exception cref="ArgumentException">Inner dimensions differ.</exception>
    public static Variable MatMul(Variable x, Variable y, bool transposeY = false)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        MatrixView Y = transposeY ? MatrixView.Of(y.Value).Transposed : y.Value;
        if (x.Value.Columns != Y.Rows)
            throw new ArgumentException($"MatMul: {x.Shape}·{Y}, inner {x.Value.Columns} ≠ {Y.Rows}. Hint: transposed checkpoint?");

        Tensor z = x.Device.Allocate(x.Value.Rows, Y.Columns);
        x.Device.Gemm(x.Value, Y, z);
        return Tape.Record(z, [x, y], dZ =>
        {
            if (x.RequiresGradient) // z = x·Y  ⇒  dX = dZ·Yᵀ
            {
                Tensor dX = x.Device.Allocate(x.Shape);
                x.Device.Gemm(dZ, Y.Transposed, dX);
                x.AddGradient(dX);
            }

            if (y.RequiresGradient) // dY = xᵀ·dZ, and its transpose dZᵀ·x when y came transposed
            {
                Tensor dY = y.Device.Allocate(y.Shape);
                if (transposeY) y.Device.Gemm(MatrixView.Of(dZ).Transposed, x.Value, dY);
                else y.Device.Gemm(MatrixView.Of(x.Value).Transposed, dZ, dY);
                y.AddGradient(dY);
            }
        });
    }
}

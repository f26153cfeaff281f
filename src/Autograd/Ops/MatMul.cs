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
        ArgumentNullException.ThrowIfNull(y);
        return MatMul(x, [y], transposeY);
    }

    /// <summary>
    /// The products of one x with several matrices, side by side: <c>z = [x·y₀, x·y₁, …]</c>. Queries, keys and values
    /// come out of three matrices as they do out of one that holds all three.
    /// </summary>
    /// <param name="x">The left factor, <c>[…,K]</c>.</param>
    /// <param name="ys">The right factors, <c>[K,Nᵢ]</c> each, or <c>[Nᵢ,K]</c>.</param>
    /// <param name="transposeY">Whether they are stored transposed.</param>
    /// <returns><c>[rows,N₀+N₁+…]</c>.</returns>
    /// <exception cref="ArgumentException">Inner dimensions differ.</exception>
    public static Variable MatMul(Variable x, IReadOnlyList<Variable> ys, bool transposeY)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(ys);
        MatrixView[] Ys = [.. ys.Select(y => transposeY ? MatrixView.Of(y.Value).Transposed : y.Value)];
        foreach (MatrixView Y in Ys)
        {
            if (x.Value.Columns != Y.Rows)
                throw new ArgumentException($"MatMul: {x.Shape}·{Y}, inner {x.Value.Columns} ≠ {Y.Rows}. Hint: transposed checkpoint?");
        }

        Tensor z = x.Device.Allocate(x.Value.Rows, Ys.Sum(Y => Y.Columns));
        for (int i = 0; i < Ys.Length; i++) x.Device.Gemm(x.Value, Ys[i], Part(z, i));
        return Tape.Record(z, [x, .. ys], dZ =>
        {
            if (x.RequiresGradient) // z = x·Y  ⇒  dX = dZ·Yᵀ, of all that x went into
            {
                Tensor dX = x.Device.Allocate(x.Shape);
                for (int i = 0; i < Ys.Length; i++) x.Device.Gemm(Part(dZ, i), Ys[i].Transposed, dX, accumulate: i > 0);
                x.AddGradient(dX);
            }

            for (int i = 0; i < Ys.Length; i++) // dY = xᵀ·dZ, and its transpose dZᵀ·x when y came transposed
            {
                MatrixView part = Part(dZ, i), X = x.Value;
                ys[i].AddToGradient((dY, adds) =>
                {
                    if (transposeY) x.Device.Gemm(part.Transposed, X, dY, adds);
                    else x.Device.Gemm(X.Transposed, part, dY, adds);
                });
            }
        });

        MatrixView Part(Tensor whole, int i) =>
            MatrixView.Of(whole) with { Offset = Ys.Take(i).Sum(Y => Y.Columns), Columns = Ys[i].Columns };
    }
}

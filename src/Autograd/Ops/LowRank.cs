using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>What is added to a linear map (Hu et al. 2021): y += s·(x·Aᵀ)·Bᵀ, which is x times the product of both, never made.</summary>
/// <param name="A"><c>[r,in]</c>, as PEFT stores it.</param>
/// <param name="B"><c>[out,r]</c>.</param>
/// <param name="Scale">s.</param>
/// <param name="Dropout">Share of x that is dropped on this way, see <see cref="Ops.Dropout"/>.</param>
/// <param name="Seed">Which.</param>
public sealed record LowRank(Variable A, Variable B, float Scale, float Dropout = 0, ulong Seed = 0)
{
    /// <summary>Whether B is stored <c>[r,out]</c>: with A the rows of Σ aᵢ·bᵢᵀ, as terms of a gradient are.</summary>
    public bool IsBInRows { get; init; }
}

public static partial class Ops
{
    /// <summary>
    /// The products of one x with several matrices, side by side, each with what is added to it: <c>[x·y₀ + s₀·(x·A₀ᵀ)·B₀ᵀ, …]</c>.
    /// </summary>
    /// <param name="x">The left factor, <c>[…,K]</c>.</param>
    /// <param name="ys">The right factors, <c>[K,Nᵢ]</c> each, or <c>[Nᵢ,K]</c>.</param>
    /// <param name="transposeY">Whether they are stored transposed.</param>
    /// <param name="additions">One for each factor, null where nothing is added to it; empty where nothing is added at all.</param>
    /// <returns><c>[rows,N₀+N₁+…]</c>.</returns>
    /// <exception cref="ArgumentException">Shapes disagree, or there is not one addition per factor.</exception>
    public static Variable MatMul(Variable x, IReadOnlyList<Variable> ys, bool transposeY, IReadOnlyList<LowRank?> additions)
    {
        ArgumentNullException.ThrowIfNull(additions);
        Variable z = MatMul(x, ys, transposeY);
        if (additions.Count == 0) return z;
        if (additions.Count != ys.Count) throw new ArgumentException($"MatMul: {additions.Count} additions for {ys.Count} matrices.");
        for (int i = 0, column = 0; i < ys.Count; i++)
        {
            int columns = transposeY ? ys[i].Value.Rows : ys[i].Value.Columns;
            if (additions[i] is { } addition) z = AddLowRank(z, column, columns, x, addition);
            column += columns;
        }

        return z;
    }

    /// <summary>Adds to some columns of a product in place: nobody else has seen it.</summary>
    private static Variable AddLowRank(Variable z, int column, int columns, Variable whole, LowRank addition)
    {
        (Variable a, Variable b, float scale) = (addition.A, addition.B, addition.Scale);
        bool inRows = addition.IsBInRows;
        MatrixView B = inRows ? MatrixView.Of(b.Value).Transposed : b.Value; // [out,r]
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2 || a.Value.Columns != whole.Value.Columns || B.Rows != columns
            || a.Value.Rows != B.Columns)
        {
            throw new ArgumentException(
                $"MatMul: A {a.Shape} and B {b.Shape} beside a map from {whole.Value.Columns} to {columns}, "
                + $"expected [r,{whole.Value.Columns}] and {(inRows ? $"[r,{columns}]" : $"[{columns},r]")}.");
        }

        Variable x = Dropout(whole, addition.Dropout, addition.Seed);
        Device device = x.Device;
        (int rows, int rank) = (x.Value.Rows, a.Value.Rows);
        Tensor u = Narrow(x.Value, MatrixView.Of(a.Value).Transposed); // s·x·Aᵀ, all that is kept
        device.Gemm(u, B.Transposed, Part(z.Value), accumulate: true);
        return Tape.Record(z.Value, [z, x, a, b], dZ =>
        {
            z.AddGradient(dZ);
            if (b.RequiresGradient) // dB = dZᵀ·U
            {
                Tensor dB = device.Allocate(b.Shape);
                if (inRows) device.Gemm(MatrixView.Of(u).Transposed, Part(dZ), dB);
                else device.Gemm(Part(dZ).Transposed, u, dB);
                b.AddGradient(dB);
            }

            if (!x.RequiresGradient && !a.RequiresGradient) return;
            Tensor dU = Narrow(Part(dZ), B); // s·dZ·B, the gradient of x·Aᵀ
            if (a.RequiresGradient) // dA = dUᵀ·X
            {
                Tensor dA = device.Allocate(a.Shape);
                device.Gemm(MatrixView.Of(dU).Transposed, x.Value, dA);
                a.AddGradient(dA);
            }

            if (!x.RequiresGradient) return;
            Tensor dX = device.Allocate(x.Shape); // dX = dU·A
            device.Gemm(dU, a.Value, dX);
            x.AddGradient(dX);
        });

        MatrixView Part(Tensor all) => MatrixView.Of(all) with { Offset = column, Columns = columns };

        Tensor Narrow(MatrixView wide, MatrixView by)
        {
            Tensor product = device.Allocate(rows, rank);
            device.Gemm(wide, by, product);
            device.Map<MultiplyOp>(product, scale, product);
            return product;
        }
    }
}

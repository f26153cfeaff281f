using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// The dot products of each row of y with a group of constant rows of its own: x <c>[N·M,C]</c>, rows n·M … belonging to
    /// row n of y <c>[N,C]</c>; z <c>[N,M]</c>.
    /// </summary>
    /// <exception cref="ArgumentException">Widths differ, or the rows of x do not split into N groups.</exception>
    public static Variable DotGroups(Tensor x, Variable y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        (Device device, int N, int C) = (y.Device, y.Value.Rows, y.Value.Columns);
        if (x.Columns != C || N == 0 || x.Rows % N != 0)
            throw new ArgumentException($"DotGroups: {x.Shape} and {y.Shape}, expected [{N}·M,{C}].");
        int M = x.Rows / N;
        var groups = new MatrixView(x, 0, M, C, C, 1, N, (long)M * C);
        Tensor z = device.Allocate(N, M);
        device.Gemm(RowByRow(y.Value), groups.Transposed, RowByRow(z));
        return Tape.Record(z, [y], dZ =>
        {
            // z = y·xᵀ group by group ⇒ dY = dZ·x
            Tensor dY = device.Allocate(y.Shape);
            device.Gemm(RowByRow(dZ), groups, RowByRow(dY));
            y.AddGradient(dY);
        });
    }

    /// <summary>A matrix as a batch of its rows.</summary>
    private static MatrixView RowByRow(Tensor x) => new(x, 0, 1, x.Columns, x.Columns, 1, x.Rows, x.Columns);
}

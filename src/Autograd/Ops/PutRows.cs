using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>x with some rows replaced: z[rows[r],:] = y[r,:], all others as in x <c>[R,C]</c>; y <c>[rows,C]</c>.</summary>
    /// <exception cref="ArgumentException">There is not one row of y, as wide as x, per row to replace, or one is named twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is not a row of x.</exception>
    public static Variable PutRows(Variable x, Variable y, ReadOnlySpan<int> rows)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (y.Value.Columns != x.Value.Columns || y.Value.Rows != rows.Length)
            throw new ArgumentException($"PutRows: {y.Shape} for {rows.Length} rows of {x.Shape}.");
        var seen = new HashSet<int>(rows.Length);
        foreach (int row in rows)
            if (!seen.Add(row)) throw new ArgumentException($"PutRows: row {row} of {x.Shape} is to be replaced twice.");
        Tensor z = x.Device.Allocate(x.Shape);
        x.Device.Copy(x.Value, z);
        x.Device.Scatter(y.Value, rows, z);
        int[] kept = x.RequiresGradient || y.RequiresGradient ? rows.ToArray() : [];
        return Tape.Record(z, [x, y], dZ =>
        {
            if (x.RequiresGradient) // what was replaced has no part in z
            {
                Tensor dX = x.Device.Allocate(x.Shape);
                x.Device.Copy(dZ, dX);
                x.Device.Scatter(x.Device.Zeros(y.Shape), kept, dX);
                x.AddGradient(dX);
            }

            if (!y.RequiresGradient) return;
            Tensor dY = x.Device.Allocate(y.Shape);
            x.Device.Gather(dZ, kept, dY);
            y.AddGradient(dY);
        });
    }
}

using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>Rows of a table: y[r,:] = table[ids[r],:], table <c>[V,C]</c>, y <c>[ids,C]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not a row of the table.</exception>
    public static Variable Embedding(Variable table, ReadOnlySpan<int> ids)
    {
        ArgumentNullException.ThrowIfNull(table);
        Tensor y = table.Device.Allocate(ids.Length, table.Value.Columns);
        table.Device.Gather(table.Value, ids, y);
        int[] kept = table.RequiresGradient ? ids.ToArray() : [];
        return Tape.Record(y, [table], dY => table.AddToGradient((dTable, adds) =>
        {
            if (!adds) table.Device.Fill(dTable, 0);
            table.Device.ScatterAdd(dY, kept, dTable);
        }));
    }
}

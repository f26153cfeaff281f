namespace Sharpformer.Tensors.Cpu;

/// <content>Rows of a table, chosen by integers.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y)
    {
        byte* from = Stored("Gather", table);
        float* to = Destination("Gather", y);
        Arguments.Lookup("Gather", table, ids, y);
        int columns = table.Columns;
        DType dtype = table.DType;
        long rowBytes = (long)columns * dtype.Size();
        fixed (int* pinned = ids)
        {
            int* rows = pinned;
            work.Split(ids.Length, 2L * Grain / Math.Max(1, columns) + 1, (start, end) =>
            {
                for (long r = start; r < end; r++) Widening.Copy(from + rows[r] * rowBytes, dtype, to + r * columns, columns);
            });
        }

        GC.KeepAlive(table);
        GC.KeepAlive(y);
    }

    /// <inheritdoc/>
    public override void ScatterAdd(Tensor x, ReadOnlySpan<int> ids, Tensor table)
    {
        float* from = Source("ScatterAdd", x), to = Destination("ScatterAdd", table);
        Arguments.Lookup("ScatterAdd", table, ids, x);
        int columns = table.Columns;
        fixed (int* pinned = ids)
        {
            // Two ids may be equal, so threads share out the columns and each goes through all rows in order.
            int* rows = pinned;
            int count = ids.Length;
            work.Split(columns, Grain / (count + 1) + 64, (start, end) =>
            {
                for (int r = 0; r < count; r++)
                    Add(from + (long)r * columns + start, to + (long)rows[r] * columns + start, (int)(end - start));
            });
        }

        GC.KeepAlive(x);
        GC.KeepAlive(table);
    }
}

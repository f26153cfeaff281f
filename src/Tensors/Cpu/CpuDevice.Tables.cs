namespace Sharpformer.Tensors.Cpu;

/// <content>Rows of a table, chosen by integers.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y)
    {
        CpuStorage from = Host("Gather", table);
        float* to = Destination("Gather", y);
        Arguments.Lookup("Gather", table, ids, y);
        int columns = table.Columns;
        fixed (int* rows = ids)
        {
            work.Split(ids.Length, 2L * Grain / Math.Max(1, columns) + 1, new GatheredRows(from, table, rows, to, columns));
        }

        GC.KeepAlive(table);
        GC.KeepAlive(y);
    }

    /// <inheritdoc/>
    public override void Scatter(in MatrixView x, ReadOnlySpan<int> ids, Tensor table)
    {
        float* to = Destination("Scatter", table);
        Arguments.Scatter(x, ids, table);
        float* from = Source("Scatter", x.Tensor) + x.Offset;
        fixed (int* rows = ids)
        {
            work.Split(ids.Length, 2L * Grain / Math.Max(1, x.Columns) + 1, new ScatteredRows(from, x.RowStride, rows, to, x.Columns));
        }

        GC.KeepAlive(x.Tensor);
        GC.KeepAlive(table);
    }

    /// <inheritdoc/>
    public override void ScatterAdd(Tensor x, ReadOnlySpan<int> ids, Tensor table)
    {
        float* from = Source("ScatterAdd", x), to = Destination("ScatterAdd", table);
        Arguments.Lookup("ScatterAdd", table, ids, x);
        int columns = table.Columns;
        fixed (int* rows = ids)
        {
            // Two ids may be equal, so threads share out the columns and each goes through all rows in order.
            work.Split(columns, Grain / (ids.Length + 1) + 64, new ScatteredColumns(from, rows, ids.Length, to, columns));
        }

        GC.KeepAlive(x);
        GC.KeepAlive(table);
    }

    private readonly struct GatheredRows(CpuStorage from, Tensor table, int* rows, float* y, int columns) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long r = start; r < end; r++)
                from.Widen(table.DType, table.Offset + (long)rows[r] * columns, columns, y + r * columns);
        }
    }

    private readonly struct ScatteredRows(float* x, long stride, int* rows, float* table, int columns) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long r = start; r < end; r++)
                new ReadOnlySpan<float>(x + r * stride, columns).CopyTo(new Span<float>(table + (long)rows[r] * columns, columns));
        }
    }

    private readonly struct ScatteredColumns(float* x, int* rows, int count, float* table, int columns) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (int r = 0; r < count; r++)
                Add(x + (long)r * columns + start, table + (long)rows[r] * columns + start, (int)(end - start));
        }
    }
}

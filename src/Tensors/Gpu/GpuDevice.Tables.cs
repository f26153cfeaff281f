using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <content>Rows of a table, chosen by integers.</content>
public sealed partial class GpuDevice
{
    /// <inheritdoc/>
    public override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y)
    {
        ArrayView<byte> from = Stored("Gather", table);
        ArrayView<float> to = Destination("Gather", y);
        Arguments.Lookup("Gather", table, ids, y);
        if (y.Count == 0) return;
        Action<TableArguments> kernel = table.DType switch
        {
            DType.F16 => TableKernels.Gather<StoredF16>,
            DType.BF16 => TableKernels.Gather<StoredBF16>,
            _ => TableKernels.Gather<StoredF32>,
        };
        Launch(kernel, Groups(y.Count), Group, new TableArguments(from, Indices(ids), to, table.Columns));
    }

    /// <inheritdoc/>
    public override void Scatter(in MatrixView x, ReadOnlySpan<int> ids, Tensor table)
    {
        ArrayView<float> to = Destination("Scatter", table);
        Arguments.Scatter(x, ids, table);
        ArrayView<float> from = Source("Scatter", x.Tensor);
        long count = (long)x.Rows * x.Columns;
        if (count > 0)
            Launch(
                TableKernels.Scatter, Groups(count), Group,
                new ScatterArguments(from.SubView(x.Offset), x.RowStride, Indices(ids), to, x.Columns));
    }

    /// <inheritdoc/>
    public override void ScatterAdd(Tensor x, ReadOnlySpan<int> ids, Tensor table)
    {
        ArrayView<float> from = Source("ScatterAdd", x);
        _ = Destination("ScatterAdd", table);
        Arguments.Lookup("ScatterAdd", table, ids, x);
        if (x.Count == 0) return;
        Launch(
            TableKernels.ScatterAdd, Groups(table.Columns), Group,
            new TableArguments(Stored("ScatterAdd", table), Indices(ids), from, table.Columns));
    }
}

namespace Sharpformer.Tensors;

/// <summary>Checks that every device makes before it touches memory, so that all of them refuse in the same words.</summary>
internal static class Arguments
{
    public static void Float32(string verb, Tensor tensor)
    {
        if (tensor.DType != DType.F32)
            throw new ArgumentException(
                $"{verb}: {tensor.Shape} is stored as {tensor.DType}, expected F32. "
                + "Hint: only the right-hand factor of Gemm and the table of Gather may be stored weights.");
    }

    public static void SameCount(string verb, Tensor x, Tensor y)
    {
        if (x.Count != y.Count)
            throw new ArgumentException($"{verb}: {x.Shape} has {x.Count} elements, {y.Shape} has {y.Count}.");
    }

    /// <summary><paramref name="y"/> is as long as <paramref name="x"/> or repeats a whole number of times.</summary>
    public static void Repeats(string verb, Tensor x, Tensor y)
    {
        if (x.Count != y.Count && (y.Count == 0 || x.Count % y.Count != 0))
            throw new ArgumentException(
                $"{verb}: {y.Shape} has {y.Count} elements, which do not repeat a whole number of times in the {x.Count} of {x.Shape}.");
    }

    /// <summary>An element-wise destination is its source, or lies clear of it.</summary>
    public static void InPlaceOrApart(string verb, Tensor source, Tensor destination)
    {
        if (source.Storage != destination.Storage) return;
        bool apart = source.Offset + source.Count <= destination.Offset || destination.Offset + destination.Count <= source.Offset;
        bool same = source.Offset == destination.Offset && source.Count == destination.Count;
        if (!apart && !same)
            throw new ArgumentException(
                $"{verb}: source {source.Shape} and destination {destination.Shape} overlap in part. "
                + "Hint: in place means the very same elements.");
    }

    public static void Length(string verb, Tensor tensor, long length)
    {
        if (tensor.Count != length)
            throw new ArgumentException($"{verb}: {tensor.Shape} has {tensor.Count} elements, the host array has {length}.");
    }

    public static void Load(MappedBytes source, DType dtype, Shape shape, MappedBytes? scales)
    {
        ArgumentNullException.ThrowIfNull(source);
        long needed = shape.Count * dtype.Size();
        if (source.Length != needed)
            throw new ArgumentException($"Load: {shape} {dtype} takes {needed} bytes, the source has {source.Length}.");
        long? scaled = dtype == DType.Q8 ? (long)shape.Rows * sizeof(float) : null;
        if (scales?.Length != scaled)
            throw new ArgumentException($"Load: {shape} {dtype} takes {scaled ?? 0} bytes of scales, got {scales?.Length ?? 0}.");
    }

    /// <summary>Every element of the view lies within its tensor.</summary>
    public static void View(string verb, in MatrixView view)
    {
        ArgumentNullException.ThrowIfNull(view.Tensor, nameof(view));
        if (view.Rows < 0 || view.Columns < 0 || view.Outer < 0 || view.Inner < 0 || view.Offset < 0
            || view.RowStride < 0 || view.ColumnStride < 0 || view.OuterStride < 0 || view.InnerStride < 0)
            throw new ArgumentException($"{verb}: view {view} of {view.Tensor.Shape} has a negative extent, offset or stride.");
        if (view.Rows == 0 || view.Columns == 0 || view.Outer == 0 || view.Inner == 0) return;
        long last = view.Offset + (view.Outer - 1) * view.OuterStride + (view.Inner - 1) * view.InnerStride
            + (view.Rows - 1) * (long)view.RowStride + (view.Columns - 1) * (long)view.ColumnStride;
        if (last >= view.Tensor.Count)
            throw new ArgumentException(
                $"{verb}: view {view} of {view.Tensor.Shape} reaches element {last}, the tensor has {view.Tensor.Count}.");
    }

    public static void Copy(in MatrixView source, in MatrixView destination)
    {
        View("Copy", source);
        View("Copy", destination);
        Float32("Copy", source.Tensor);
        Float32("Copy", destination.Tensor);
        if (source.Rows != destination.Rows || source.Columns != destination.Columns)
            throw new ArgumentException($"Copy: {source} into {destination}, sizes differ.");
        SameBatch("Copy", source, destination);
    }

    public static void Gemm(in MatrixView a, in MatrixView b, in MatrixView c)
    {
        View("Gemm", a);
        View("Gemm", b);
        View("Gemm", c);
        Float32("Gemm", a.Tensor);
        Float32("Gemm", c.Tensor);
        if (a.Columns != b.Rows)
            throw new ArgumentException($"Gemm: {a}·{b}, inner {a.Columns} ≠ {b.Rows}. Hint: a transposed view?");
        if (a.Rows != c.Rows || b.Columns != c.Columns)
            throw new ArgumentException($"Gemm: {a}·{b} gives [{a.Rows},{b.Columns}], the destination is {c}.");
        SameBatch("Gemm", a, c);
        SameBatch("Gemm", b, c);
        OneStrideIsOne(a);
        OneStrideIsOne(b);
        OneStrideIsOne(c);
    }

    public static void Rows(string verb, int rows, ReadOnlySpan<int> index, ReadOnlySpan<Tensor> operands)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        if (!index.IsEmpty && index.Length != rows)
            throw new ArgumentException($"{verb}: {index.Length} indices for {rows} rows.");
        for (int i = 0; i < operands.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(operands[i], nameof(operands));
            Float32(verb, operands[i]);
            if (operands[i].Shape.Rank != 1 && operands[i].Rows != rows)
                throw new ArgumentException($"{verb}: operand {i} {operands[i].Shape} has {operands[i].Rows} rows, expected {rows}.");
        }
    }

    public static void ColumnSum(Tensor x, Tensor y)
    {
        Float32("ColumnSum", x);
        Float32("ColumnSum", y);
        if (x.Columns != y.Count)
            throw new ArgumentException($"ColumnSum: {x.Shape} has {x.Columns} columns, the destination {y.Shape} has {y.Count} elements.");
    }

    /// <summary>Checks <paramref name="rows"/> against <c>table[ids]</c>.</summary>
    public static void Lookup(string verb, Tensor table, ReadOnlySpan<int> ids, Tensor rows)
    {
        Float32(verb, rows);
        if (table.Columns != rows.Columns || rows.Rows != ids.Length)
            throw new ArgumentException($"{verb}: {ids.Length} rows of table {table.Shape} do not fit {rows.Shape}.");
        Ids(verb, table, ids);
    }

    public static void Scatter(in MatrixView x, ReadOnlySpan<int> ids, Tensor table)
    {
        View("Scatter", x);
        Float32("Scatter", x.Tensor);
        if (table.Columns != x.Columns || x.Rows != ids.Length || x.Outer * x.Inner != 1 || (x.ColumnStride != 1 && x.Columns > 1))
            throw new ArgumentException($"Scatter: {x} does not fit {ids.Length} rows of table {table.Shape}.");
        Ids("Scatter", table, ids);
    }

    private static void Ids(string verb, Tensor table, ReadOnlySpan<int> ids)
    {
        int known = table.Rows;
        for (int r = 0; r < ids.Length; r++)
        {
            if ((uint)ids[r] >= (uint)known)
                throw new ArgumentOutOfRangeException(
                    nameof(ids), $"{verb}: id {ids[r]} at position {r}, the table {table.Shape} has {known} rows.");
        }
    }

    private static void SameBatch(string verb, in MatrixView x, in MatrixView y)
    {
        if (x.Outer != y.Outer || x.Inner != y.Inner)
            throw new ArgumentException($"{verb}: batch of {x.Outer}×{x.Inner} in {x}, {y.Outer}×{y.Inner} in {y}.");
    }

    private static void OneStrideIsOne(in MatrixView view)
    {
        if (view.RowStride != 1 && view.ColumnStride != 1)
            throw new ArgumentException($"Gemm: view {view} has strides {view.RowStride} and {view.ColumnStride}, one must be 1.");
    }
}

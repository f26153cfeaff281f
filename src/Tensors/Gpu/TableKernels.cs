using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>A table <c>[N,C]</c>, its elements as bytes, and rows <c>[R,C]</c> that ids choose from it.</summary>
internal readonly record struct TableArguments(ArrayView<byte> Table, ArrayView<int> Ids, ArrayView<float> Rows, int Columns);

/// <summary>Rows <c>[R,C]</c> that start a stride apart, and where in the table <c>[N,C]</c> each goes.</summary>
internal readonly record struct ScatterArguments(
    ArrayView<float> Rows, long Stride, ArrayView<int> Ids, ArrayView<float> Table, int Columns);

/// <summary>Kernels over rows of a table, chosen by integers.</summary>
internal static class TableKernels
{
    [Kernel]
    public static void Gather<TStored>(TableArguments t) where TStored : struct, IStored
    {
        for (long i = GridRange.First; i < t.Rows.Length; i += GridRange.Step)
            t.Rows[i] = TStored.At(t.Table, (long)t.Ids[i / t.Columns] * t.Columns + i % t.Columns);
    }

    [Kernel]
    public static void Scatter(ScatterArguments s)
    {
        for (long i = GridRange.First; i < s.Ids.Length * s.Columns; i += GridRange.Step)
        {
            long row = i / s.Columns, column = i % s.Columns;
            s.Table[s.Ids[row] * (long)s.Columns + column] = s.Rows[row * s.Stride + column];
        }
    }

    /// <summary>Two ids may be equal, so a thread takes a column and goes through all rows in order.</summary>
    [Kernel]
    public static void ScatterAdd(TableArguments t)
    {
        ArrayView<float> table = t.Table.Cast<float>();
        for (long c = GridRange.First; c < t.Columns; c += GridRange.Step)
            for (long r = 0; r < t.Ids.Length; r++) table[t.Ids[r] * (long)t.Columns + c] += t.Rows[r * t.Columns + c];
    }
}

using System.Numerics;
using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <content>Verbs over whole rows or columns.</content>
public sealed partial class GpuDevice
{
    /// <inheritdoc/>
    public override void Rows<TOp>(int rows, ReadOnlySpan<int> index, float scalar, params ReadOnlySpan<Tensor> operands)
    {
        string verb = Verb<TOp>.Rows;
        Arguments.Rows(verb, rows, index, operands);
        if (operands.Length > GroupOperands.Most)
            throw new ArgumentException($"{verb}: {operands.Length} operands, a GPU takes {GroupOperands.Most}.");
        if (rows == 0) return;
        int widest = 1;
        foreach (Tensor operand in operands)
            if (operand.Shape.Rank != 1) widest = Math.Max(widest, operand.Columns);
        var all = new GroupOperands
        {
            Operand0 = At(operands, 0),
            Operand1 = At(operands, 1),
            Operand2 = At(operands, 2),
            Operand3 = At(operands, 3),
            Operand4 = At(operands, 4),
            Operand5 = At(operands, 5),
            Operand6 = At(operands, 6),
            Index = Indices(index),
            Scalar = scalar,
            Rows = rows,
        };
        Launch(RowKernels.Rows<TOp>, GroupPerRow(rows), ThreadsFor(widest), all);

        GroupOperand At(ReadOnlySpan<Tensor> tensors, int i) =>
            i < tensors.Length ? new GroupOperand(Source(verb, tensors[i]), tensors[i].Columns, tensors[i].Shape.Rank == 1) : default;
    }

    /// <inheritdoc/>
    public override void ColumnSum(Tensor x, Tensor y, bool accumulate = false)
    {
        var arguments = new ColumnSumArguments(Source("ColumnSum", x), Destination("ColumnSum", y), accumulate ? 1 : 0);
        Arguments.ColumnSum(x, y);
        if (y.Count > 0) Launch(RowKernels.ColumnSum, Groups(y.Count), Group, arguments);
    }

    /// <inheritdoc/>
    public override int[] ArgMax(Tensor x)
    {
        ArrayView<float> from = Source("ArgMax", x);
        if (x.Columns == 0) throw new ArgumentException($"ArgMax: {x.Shape} has no columns to choose from.");
        int[] best = new int[x.Rows];
        if (best.Length == 0) return best;
        GpuBlock block = pool.Rent(best.Length * sizeof(int));
        ArrayView<int> found = block.Bytes.SubView(0, best.Length * sizeof(int)).Cast<int>();
        Launch(RowKernels.ArgMax, GroupPerRow(best.Length), ThreadsFor(x.Columns), new ArgMaxArguments(from, found));
        Await(found, best);
        pool.Return(block);
        return best;
    }

    private Index3D GroupPerRow(int rows) => new(Math.Min(rows, MostGroups), 1, 1);

    /// <summary>Threads for a row: a power of two, no more than there are columns.</summary>
    private Index3D ThreadsFor(int columns) =>
        new((int)Math.Min(GroupSize, BitOperations.RoundUpToPowerOf2((uint)Math.Max(columns, 1))), 1, 1);
}

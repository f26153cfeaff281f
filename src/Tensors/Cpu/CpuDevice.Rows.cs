using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors.Cpu;

/// <content>Verbs over whole rows or columns.</content>
public sealed unsafe partial class CpuDevice
{
    /// <summary>Rows added up before the sum joins the total: keeps rounding errors small in long columns.</summary>
    private const int SumBlock = 64;

    /// <inheritdoc/>
    public override void Rows<TOp>(int rows, ReadOnlySpan<int> index, float scalar, params ReadOnlySpan<Tensor> operands)
    {
        string verb = Verb<TOp>.Rows;
        Arguments.Rows(verb, rows, index, operands);
        int count = operands.Length;
        RowOperand* data = stackalloc RowOperand[count];
        long columns = 1;
        for (int i = 0; i < count; i++)
        {
            data[i] = new RowOperand(Source(verb, operands[i]), operands[i].Columns, operands[i].Shape.Rank == 1);
            columns += operands[i].Columns;
        }

        fixed (int* indices = index)
        {
            work.Split(rows, Grain / columns + 1, new RowsOf<TOp>(data, count, indices, scalar));
        }

        foreach (Tensor operand in operands) GC.KeepAlive(operand);
    }

    /// <inheritdoc/>
    public override void ColumnSum(Tensor x, Tensor y, bool accumulate = false)
    {
        float* px = Source("ColumnSum", x), py = Destination("ColumnSum", y);
        Arguments.ColumnSum(x, y);
        int rows = x.Rows, columns = x.Columns, blocks = (rows + SumBlock - 1) / SumBlock;
        if (!accumulate) Fill(y, 0);
        HostBlock sums = pool.Rent((long)blocks * columns * sizeof(float));
        work.Split(blocks, Grain / ((long)SumBlock * columns + 1) + 1, new BlockSums(px, rows, columns, (float*)sums.Pointer));
        work.Split(columns, Grain / (blocks + 1) + 64, new AddedRows((float*)sums.Pointer, blocks, columns, py));
        pool.Return(sums);
        GC.KeepAlive(x);
        GC.KeepAlive(y);
    }

    /// <inheritdoc/>
    public override int[] ArgMax(Tensor x)
    {
        float* px = Source("ArgMax", x);
        int columns = x.Columns;
        if (columns == 0) throw new ArgumentException($"ArgMax: {x.Shape} has no columns to choose from.");
        int[] best = new int[x.Rows];
        fixed (int* found = best) work.Split(x.Rows, Grain / columns + 1, new LargestOfRows(px, columns, found));
        GC.KeepAlive(x);
        return best;
    }

    /// <summary>y += x.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void Add(float* x, float* y, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(y + i) + Vector.Load(x + i)).Store(y + i);
        for (; i < count; i++) y[i] += x[i];
    }

    /// <summary>Finds the largest value first, then its first place; a comparison with NaN is false, so NaN loses.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static int ArgMaxRow(float* x, int columns)
    {
        int c = 0;
        var lanes = new Vector<float>(float.NegativeInfinity);
        for (; c <= columns - Vector<float>.Count; c += Vector<float>.Count)
        {
            Vector<float> values = Vector.Load(x + c);
            lanes = Vector.ConditionalSelect(Vector.GreaterThan(values, lanes), values, lanes);
        }

        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < Vector<float>.Count; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
        for (; c < columns; c++) largest = x[c] > largest ? x[c] : largest;
        return Math.Max(0, new ReadOnlySpan<float>(x, columns).IndexOf(largest));
    }

    /// <summary>A row functor; <paramref name="index"/> is null where rows have no integers.</summary>
    private readonly struct RowsOf<TOp>(RowOperand* operands, int count, int* index, float scalar) : IRangeTask where TOp : struct, IRowOp
    {
        [MethodImpl(Loop.OfItsOwn)]
        public void Run(long start, long end)
        {
            var all = new ReadOnlySpan<RowOperand>(operands, count);
            for (int r = (int)start; r < end; r++) TOp.Apply(new RowOperands(all, r, index is null ? 0 : index[r], scalar));
        }
    }

    /// <summary>The column sums of each block of rows, one row of them for each: rows are read in their whole length.</summary>
    private readonly struct BlockSums(float* x, int rows, int columns, float* sums) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long block = start; block < end; block++)
            {
                float* sum = sums + block * columns;
                new Span<float>(sum, columns).Clear();
                for (long r = block * SumBlock; r < Math.Min(rows, (block + 1) * SumBlock); r++) Add(x + r * columns, sum, columns);
            }
        }
    }

    /// <summary>y += each row in turn, for a range of columns.</summary>
    private readonly struct AddedRows(float* x, int rows, int columns, float* y) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (int r = 0; r < rows; r++) Add(x + (long)r * columns + start, y + start, (int)(end - start));
        }
    }

    private readonly struct LargestOfRows(float* x, int columns, int* best) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long r = start; r < end; r++) best[r] = ArgMaxRow(x + r * columns, columns);
        }
    }
}

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
        int rows = x.Rows, columns = x.Columns;
        if (!accumulate) Fill(y, 0);
        work.Split(columns, Grain / (rows + 1) + 64, new ColumnSums(px, rows, columns, py));
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

    /// <summary>y += column sums of at most 256 adjacent columns.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void SumColumns(float* x, long stride, int rows, int columns, float* y)
    {
        float* partial = stackalloc float[256];
        for (int r0 = 0; r0 < rows; r0 += SumBlock)
        {
            new Span<float>(partial, columns).Clear();
            for (int r = r0; r < Math.Min(rows, r0 + SumBlock); r++) Add(x + r * stride, partial, columns);
            Add(partial, y, columns);
        }
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

    private readonly struct ColumnSums(float* x, int rows, int columns, float* y) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long c = start; c < end; c += 256) SumColumns(x + c, columns, rows, (int)Math.Min(256, end - c), y + c);
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

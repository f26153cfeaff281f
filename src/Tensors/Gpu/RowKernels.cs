using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>Kernels over whole rows: a group of threads for each, or for every n-th where there are very many.</summary>
internal static class RowKernels
{
    /// <summary>Threads of a group at most.</summary>
    public const int MostThreads = 256;

    /// <summary>Rows added up before the sum joins the total: keeps rounding errors small in long columns.</summary>
    private const int SumBlock = 64;

    [Kernel]
    public static void Rows<TOp>(GroupOperands operands) where TOp : struct, IRowOp
    {
        ArrayView<float> scratch = SharedMemory.Allocate<float>(2 * MostThreads); // room for two numbers of each thread
        for (int row = Grid.IdxX; row < operands.Rows; row += Grid.DimX) TOp.Apply(new GroupRow(operands, row, scratch));
    }

    /// <summary>Column sums, each by one thread, in the order of the rows.</summary>
    [Kernel]
    public static void ColumnSum(ColumnSumArguments s)
    {
        for (long c = GridRange.First; c < s.Sum.Length; c += GridRange.Step)
        {
            float sum = s.Accumulate != 0 ? s.Sum[c] : 0;
            for (long i = c; i < s.X.Length;)
            {
                float partial = 0;
                for (int r = 0; r < SumBlock && i < s.X.Length; r++, i += s.Sum.Length) partial += s.X[i];
                sum += partial;
            }

            s.Sum[c] = sum;
        }
    }

    /// <summary>Column of the largest element of each row; the lowest on a tie, and NaN never wins.</summary>
    [Kernel]
    public static void ArgMax(ArgMaxArguments a)
    {
        ArrayView<float> values = SharedMemory.Allocate<float>(MostThreads);
        ArrayView<int> places = SharedMemory.Allocate<int>(MostThreads);
        int columns = (int)(a.X.Length / a.Best.Length);
        for (int row = Grid.IdxX; row < a.Best.Length; row += Grid.DimX)
        {
            float best = float.NegativeInfinity;
            int place = int.MaxValue;
            for (int c = Group.IdxX; c < columns; c += Group.DimX)
            {
                float value = a.X[(long)row * columns + c];
                if (value > best || (value == best && c < place)) (best, place) = (value, c);
            }

            Group.Barrier(); // whoever is still reading the last row's result
            values[Group.IdxX] = best;
            places[Group.IdxX] = place;
            Group.Barrier();
            for (int half = Group.DimX / 2; half > 0; half /= 2)
            {
                int other = Group.IdxX + half;
                if (Group.IdxX < half
                    && (values[other] > values[Group.IdxX] || (values[other] == values[Group.IdxX] && places[other] < places[Group.IdxX])))
                {
                    values[Group.IdxX] = values[other];
                    places[Group.IdxX] = places[other];
                }

                Group.Barrier();
            }

            if (Group.IdxX == 0) a.Best[row] = places[0] == int.MaxValue ? 0 : places[0]; // nothing but NaN
        }
    }
}

/// <summary>x <c>[R,C]</c> and the sums <c>[C]</c>.</summary>
internal readonly record struct ColumnSumArguments(ArrayView<float> X, ArrayView<float> Sum, int Accumulate);

/// <summary>x <c>[R,C]</c> and the places found <c>[R]</c>.</summary>
internal readonly record struct ArgMaxArguments(ArrayView<float> X, ArrayView<int> Best);

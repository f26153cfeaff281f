using System.Runtime.CompilerServices;
using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>How many rows a thread holds sums of; a type for each number, so that none is held in vain.</summary>
internal interface ISkinnyRows
{
    /// <summary>1, 4 or 16.</summary>
    static abstract int Count { get; }
}

/// <summary>One row: a token at a time.</summary>
internal readonly struct OneRow : ISkinnyRows
{
    public static int Count => 1;
}

/// <summary>Up to four rows.</summary>
internal readonly struct FourRows : ISkinnyRows
{
    public static int Count => 4;
}

/// <summary>Up to sixteen rows.</summary>
internal readonly struct SixteenRows : ISkinnyRows
{
    public static int Count => 16;
}

/// <summary>
/// Products with up to 16 rows, where reading B takes most of the time: each of its elements is read once. A group's threads stand in
/// columns (of B) and rows (each takes a chain); what the chains give is added up in their order.
/// </summary>
internal static class GemmSkinnyKernels
{
    /// <summary>Rows of A at most.</summary>
    public const int MostRows = 16;

    /// <summary>Threads of a group at most.</summary>
    public const int MostThreads = 256;

    [Kernel]
    public static void Run<TRight, TStored, TRows>(GemmArguments g)
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
        where TRows : struct, ISkinnyRows
    {
        ArrayView<float> scratch = SharedMemory.Allocate<float>(MostThreads * TRows.Count);
        int threads = Group.DimX * Group.DimY, thread = Group.IdxY * Group.DimX + Group.IdxX;
        int firstColumn = Grid.IdxX * Group.DimX, column = Math.Min(firstColumn + Group.IdxX, g.N - 1);
        for (int matrix = Grid.IdxZ; matrix < g.Matrices; matrix += Grid.DimZ)
        {
            long a = g.A.Starts[matrix], b = g.B.Starts[matrix], c = g.C.Starts[matrix];
            for (int round = 0; round < g.Chains; round += Group.DimY)
            {
                Block4 sums = ChainOf<TRight, TStored, TRows>(g, a, b, (round + Group.IdxY) * GemmArguments.Chain, column);
                Leave<TRows>(scratch, threads, thread, sums);
                Group.Barrier();
                int chains = Math.Min(Group.DimY, g.Chains - round);
                for (int i = thread; i < g.M * Group.DimX; i += threads)
                {
                    int row = i / Group.DimX, within = i % Group.DimX;
                    if (firstColumn + within >= g.N) continue;
                    ref float target = ref g.C.Data[c + row * (long)g.C.RowStride + firstColumn + within];
                    float total = g.Accumulate != 0 || round > 0 ? target : 0;
                    for (int chain = 0; chain < chains; chain++) total += scratch[row * threads + chain * Group.DimX + within];
                    target = total;
                }

                Group.Barrier();
            }
        }
    }

    /// <summary>The sums of one chain for a column, 4 × 4 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block4 ChainOf<TRight, TStored, TRows>(GemmArguments g, long a, long b, int k, int column)
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
        where TRows : struct, ISkinnyRows
    {
        Block4 sums = default;
        int end = Math.Min(g.K, k + GemmArguments.Chain);
        bool aligned = g.A.KStride == 1 && g.A.IsAligned != 0;
        for (; k + 16 <= end && (TRows.Count <= 4 || aligned); k += 16) // too much code otherwise
        {
            // All on their way before the first is needed.
            Four b0 = FourOf<TRight, TStored>(g.B, b, k, column), b1 = FourOf<TRight, TStored>(g.B, b, k + 4, column);
            Four b2 = FourOf<TRight, TStored>(g.B, b, k + 8, column), b3 = FourOf<TRight, TStored>(g.B, b, k + 12, column);
            sums = Plus<TRows>(g, a, k, sums, b0);
            sums = Plus<TRows>(g, a, k + 4, sums, b1);
            sums = Plus<TRows>(g, a, k + 8, sums, b2);
            sums = Plus<TRows>(g, a, k + 12, sums, b3);
        }

        for (; k < end; k++)
        {
            float element = g.B.At<TStored>(b, k, column);
            sums = new Block4(
                new Four(
                    sums.Row0.X + At(g, a, k, 0) * element,
                    TRows.Count > 1 ? sums.Row0.Y + At(g, a, k, 1) * element : 0,
                    TRows.Count > 1 ? sums.Row0.Z + At(g, a, k, 2) * element : 0,
                    TRows.Count > 1 ? sums.Row0.W + At(g, a, k, 3) * element : 0),
                TRows.Count > 4 ? One(g, a, k, 4, sums.Row1, element) : default,
                TRows.Count > 4 ? One(g, a, k, 8, sums.Row2, element) : default,
                TRows.Count > 4 ? One(g, a, k, 12, sums.Row3, element) : default);
        }

        return sums;
    }

    /// <summary>Elements (k … k + 3, column) of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four FourOf<TRight, TStored>(GemmFactor factor, long start, int k, int column)
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
    {
        if (TRight.AlongK && factor.IsAligned != 0) return TStored.FourAt(factor.Data, start + k + column * (long)factor.XStride);
        long at = start + k * (long)factor.KStride + column * (long)factor.XStride;
        int step = factor.KStride;
        return new Four(
            TStored.At(factor.Data, at), TStored.At(factor.Data, at + step),
            TStored.At(factor.Data, at + 2L * step), TStored.At(factor.Data, at + 3L * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block4 Plus<TRows>(GemmArguments g, long a, int k, Block4 sums, Four b) where TRows : struct, ISkinnyRows => new(
        new Four(
            Chained<TRows>(g, a, k, 0, sums.Row0.X, b),
            TRows.Count > 1 ? Chained<TRows>(g, a, k, 1, sums.Row0.Y, b) : 0,
            TRows.Count > 1 ? Chained<TRows>(g, a, k, 2, sums.Row0.Z, b) : 0,
            TRows.Count > 1 ? Chained<TRows>(g, a, k, 3, sums.Row0.W, b) : 0),
        TRows.Count > 4 ? Chained<TRows>(g, a, k, 4, sums.Row1, b) : default,
        TRows.Count > 4 ? Chained<TRows>(g, a, k, 8, sums.Row2, b) : default,
        TRows.Count > 4 ? Chained<TRows>(g, a, k, 12, sums.Row3, b) : default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four Chained<TRows>(GemmArguments g, long a, int k, int row, Four sums, Four b) where TRows : struct, ISkinnyRows => new(
        Chained<TRows>(g, a, k, row, sums.X, b), Chained<TRows>(g, a, k, row + 1, sums.Y, b),
        Chained<TRows>(g, a, k, row + 2, sums.Z, b), Chained<TRows>(g, a, k, row + 3, sums.W, b));

    /// <summary>
    /// Four links of a row's chain. All threads of a row read the same elements of A, which its cache gives to all at once.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Chained<TRows>(GemmArguments g, long a, int k, int row, float sum, Four b) where TRows : struct, ISkinnyRows
    {
        row = Math.Min(row, g.M - 1); // the sums of rows that there are not are left behind
        Four x = TRows.Count > 4 || (g.A.KStride == 1 && g.A.IsAligned != 0)
            ? StoredF32.FourAt(g.A.Data, a + k + row * (long)g.A.XStride)
            : new Four(At(g, a, k, row), At(g, a, k + 1, row), At(g, a, k + 2, row), At(g, a, k + 3, row));
        return sum + x.X * b.X + x.Y * b.Y + x.Z * b.Z + x.W * b.W;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four One(GemmArguments g, long a, int k, int row, Four sums, float b) => new(
        sums.X + At(g, a, k, row) * b, sums.Y + At(g, a, k, row + 1) * b,
        sums.Z + At(g, a, k, row + 2) * b, sums.W + At(g, a, k, row + 3) * b);

    private static float At(GemmArguments g, long a, int k, int row) => g.A.At<StoredF32>(a, k, Math.Min(row, g.M - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leave<TRows>(ArrayView<float> scratch, int threads, int thread, Block4 sums) where TRows : struct, ISkinnyRows
    {
        if (TRows.Count == 1)
        {
            scratch[thread] = sums.Row0.X;
            return;
        }

        Leave(scratch, threads, thread, sums.Row0);
        if (TRows.Count == 4) return;
        Leave(scratch, threads, 4 * threads + thread, sums.Row1);
        Leave(scratch, threads, 8 * threads + thread, sums.Row2);
        Leave(scratch, threads, 12 * threads + thread, sums.Row3);
    }

    private static void Leave(ArrayView<float> scratch, int threads, int at, Four sums)
    {
        scratch[at] = sums.X;
        scratch[at + threads] = sums.Y;
        scratch[at + 2 * threads] = sums.Z;
        scratch[at + 3 * threads] = sums.W;
    }
}

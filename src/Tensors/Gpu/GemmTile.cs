using System.Runtime.CompilerServices;
using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>How a factor lies in memory; a type for each way, so that none is chosen within a loop.</summary>
internal interface IGemmLayout
{
    /// <summary>Elements that follow each other along k are adjacent, else those along x.</summary>
    static abstract bool AlongK { get; }
}

/// <summary>Adjacent along k: A as written, B transposed.</summary>
internal readonly struct AlongK : IGemmLayout
{
    static bool IGemmLayout.AlongK => true;
}

/// <summary>Adjacent along x: A transposed, B as written.</summary>
internal readonly struct AlongX : IGemmLayout
{
    static bool IGemmLayout.AlongK => false;
}

/// <summary>
/// A part of a factor in shared memory, <see cref="Depth"/> rows (k) of <c>Side</c> elements (x), and how the threads bring it there: each
/// takes four adjacent elements. Rows are four elements longer than they need be, else threads would wait for each other's memory bank.
/// </summary>
internal static class GemmTile
{
    /// <summary>Terms that a tile holds of each sum.</summary>
    public const int Depth = 16;

    /// <summary>Vectors of a row.</summary>
    public static int Width(int side) => side / 4 + 1;

    /// <summary>
    /// Four elements of a factor, zero beyond its edges: number <paramref name="place"/> of the tile that starts at
    /// (<paramref name="k"/>, <paramref name="x"/>).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Four Fetch<TLayout, TStored>(GemmFactor factor, long start, int k, int x, int place, int side)
        where TLayout : struct, IGemmLayout
        where TStored : struct, IStored
    {
        k += RowOf<TLayout>(place, side);
        x += ColumnOf<TLayout>(place, side);
        int left = TLayout.AlongK ? factor.K - k : factor.X - x;
        bool inside = TLayout.AlongK ? x < factor.X : k < factor.K;
        if (!inside || left <= 0) return default;
        long first = start + (TLayout.AlongK ? k + x * (long)factor.XStride : x + k * (long)factor.KStride);
        if (left >= 4 && factor.IsAligned != 0) return TStored.FourAt(factor.Data, first);
        return new Four(
            TStored.At(factor.Data, first),
            left > 1 ? TStored.At(factor.Data, first + 1) : 0,
            left > 2 ? TStored.At(factor.Data, first + 2) : 0,
            left > 3 ? TStored.At(factor.Data, first + 3) : 0);
    }

    /// <summary>Puts what was fetched into its place of the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Keep<TLayout>(ArrayView<Four> tile, Four values, int tileStart, int place, int side)
        where TLayout : struct, IGemmLayout
    {
        int k = RowOf<TLayout>(place, side), x = ColumnOf<TLayout>(place, side);
        if (!TLayout.AlongK)
        {
            tile[tileStart + k * Width(side) + x / 4] = values;
            return;
        }

        ArrayView<float> elements = tile.Cast<float>();
        int row = 4 * Width(side), at = 4 * tileStart + k * row + x;
        elements[at] = values.X;
        elements[at + row] = values.Y;
        elements[at + 2 * row] = values.Z;
        elements[at + 3 * row] = values.W;
    }

    /// <summary>Adds the sums of a chain to C, or starts it with them. What lies beyond its edges is left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(GemmArguments g, long start, bool add, int row, int column, Block4 sums)
    {
        long at = start + row * (long)g.C.RowStride + column;
        if (row + 4 <= g.M && column + 4 <= g.N && g.C.IsAligned != 0)
        {
            ArrayView<Four> vectors = g.C.Data.Cast<Four>();
            long vector = at >> 2, step = g.C.RowStride >> 2;
            vectors[vector] = add ? vectors[vector].Plus(sums.Row0) : sums.Row0;
            vectors[vector + step] = add ? vectors[vector + step].Plus(sums.Row1) : sums.Row1;
            vectors[vector + 2 * step] = add ? vectors[vector + 2 * step].Plus(sums.Row2) : sums.Row2;
            vectors[vector + 3 * step] = add ? vectors[vector + 3 * step].Plus(sums.Row3) : sums.Row3;
            return;
        }

        for (int end = Math.Min(row + 4, g.M); row < end; row++, at += g.C.RowStride)
        {
            if (column < g.N) g.C.Data[at] = add ? g.C.Data[at] + sums.Row0.X : sums.Row0.X;
            if (column + 1 < g.N) g.C.Data[at + 1] = add ? g.C.Data[at + 1] + sums.Row0.Y : sums.Row0.Y;
            if (column + 2 < g.N) g.C.Data[at + 2] = add ? g.C.Data[at + 2] + sums.Row0.Z : sums.Row0.Z;
            if (column + 3 < g.N) g.C.Data[at + 3] = add ? g.C.Data[at + 3] + sums.Row0.W : sums.Row0.W;
            sums = new Block4(sums.Row1, sums.Row2, sums.Row3, sums.Row0); // registers have no index
        }
    }

    // Along x a warp reads whole rows. Along k two neighbours read 32 adjacent bytes and 16 such pairs take different columns,
    // so that what they keep goes to 32 different banks.
    private static int RowOf<TLayout>(int place, int side) where TLayout : struct, IGemmLayout =>
        TLayout.AlongK ? ((place & 1) | (place >> 4 & 2)) * 4 : place / (side / 4);

    private static int ColumnOf<TLayout>(int place, int side) where TLayout : struct, IGemmLayout =>
        TLayout.AlongK ? (place >> 1 & 15) | (place >> 6 << 4) : place % (side / 4) * 4;
}

/// <summary>What a thread brings to a tile: two times four elements, as there are twice as many threads as a row has elements.</summary>
internal readonly struct GemmShare(Four first, Four second)
{
    private readonly Four first = first, second = second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmShare Fetch<TLayout, TStored>(GemmFactor factor, long start, int k, int x, int thread, int side)
        where TLayout : struct, IGemmLayout
        where TStored : struct, IStored => new(
            GemmTile.Fetch<TLayout, TStored>(factor, start, k, x, thread, side),
            GemmTile.Fetch<TLayout, TStored>(factor, start, k, x, thread + 2 * side, side));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Keep<TLayout>(ArrayView<Four> tile, int tileStart, int thread, int side) where TLayout : struct, IGemmLayout
    {
        GemmTile.Keep<TLayout>(tile, first, tileStart, thread, side);
        GemmTile.Keep<TLayout>(tile, second, tileStart, thread + 2 * side, side);
    }
}

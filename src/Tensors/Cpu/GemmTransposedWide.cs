using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The blocks of <see cref="GemmTransposed"/> with AVX-512: 32 columns, of each a piece of 16 bytes at a time. Pieces are transposed before
/// they are widened, as 32-bit words that hold one, two or four elements, so that the smaller an element is, the fewer shuffles it takes.
/// </summary>
internal static unsafe class GemmTransposedWide
{
    /// <summary>Columns of a block: two chains of multiply-adds for each row, since one would wait for itself.</summary>
    public const int Columns = 2 * Lanes;

    /// <summary>Bytes of a column that are read together and of a cache line, and floats of a register.</summary>
    private const int Piece = 16, Line = 64, Lanes = 16;

    /// <summary>Steps that are widened before several rows are multiplied by them: a piece of the smallest elements.</summary>
    private const int TileSteps = Piece;

    /// <summary>Bytes of each column that are asked for ahead: 6 KB of all, what memory brings while one request takes.</summary>
    private const int Ahead = 3 * Line;

    /// <summary>Columns of which a line is asked for at once, so that requests come evenly: many together wait for each other.</summary>
    private const int Asked = Columns * Piece / Line / 2;

    /// <summary>Whether the processor and the layout of A allow it.</summary>
    public static bool Suits(in GemmProblem product) => Avx512BW.IsSupported && product.AColumn == 1;

    /// <summary>Steps that can be added this way, of so many.</summary>
    public static int Steps(int depth) => depth & ~(TileSteps - 1);

    /// <summary>Adds some steps of 32 columns to the sums of all rows.</summary>
    /// <param name="product">The product.</param>
    /// <param name="a">A's first row at the first step.</param>
    /// <param name="b">The first column at the first step.</param>
    /// <param name="depth">As many steps as <see cref="Steps"/> says.</param>
    /// <param name="left">Steps from the first one to the end of the columns.</param>
    /// <param name="sums">Those of a row after those of the row before.</param>
    public static void Add<TElement>(in GemmProblem product, float* a, byte* b, int depth, int left, float* sums)
        where TElement : struct, IElement
    {
        if (product.M == 1) OneRow<TElement>(product, a, b, depth * TElement.Size, left * TElement.Size, sums);
        else Rows<TElement>(product, a, b, depth * TElement.Size, left * TElement.Size, sums);
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void OneRow<TElement>(in GemmProblem product, float* a, byte* b, int bytes, int left, float* sums)
        where TElement : struct, IElement
    {
        long column = product.BColumn * TElement.Size, nextBlock = Columns * column - (long)product.K * TElement.Size;
        Vector512<float> x = Vector512.Load(sums), y = Vector512.Load(sums + Lanes);
        for (int at = 0; at < bytes; at += Piece, b += Piece, a += Piece / TElement.Size)
        {
            byte* ahead = NextLines(b, column, at, at + Ahead < left ? 0 : nextBlock);
            Ask(ahead, column);
            Read(b, column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3);
            x = AddPiece<TElement>(a, w0, w1, w2, w3, x);
            Ask(ahead + Asked * column, column);
            Read(b + Lanes * column, column, out w0, out w1, out w2, out w3);
            y = AddPiece<TElement>(a, w0, w1, w2, w3, y);
        }

        x.Store(sums);
        y.Store(sums + Lanes);
    }

    /// <summary>The same for several rows, for which elements are widened once.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void Rows<TElement>(in GemmProblem product, float* a, byte* b, int bytes, int left, float* sums)
        where TElement : struct, IElement
    {
        long column = product.BColumn * TElement.Size, nextBlock = Columns * column - (long)product.K * TElement.Size;
        float* tile = stackalloc float[TileSteps * Columns];
        for (int at = 0; at < bytes; a += TileSteps)
        {
            for (float* steps = tile; steps < tile + TileSteps * Columns; at += Piece, b += Piece, steps += Piece / TElement.Size * Columns)
            {
                byte* ahead = NextLines(b, column, at, at + Ahead < left ? 0 : nextBlock);
                Ask(ahead, column);
                Read(b, column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3);
                StorePiece<TElement>(w0, w1, w2, w3, steps);
                Ask(ahead + Asked * column, column);
                Read(b + Lanes * column, column, out w0, out w1, out w2, out w3);
                StorePiece<TElement>(w0, w1, w2, w3, steps + Lanes);
            }

            int row = 0;
            for (; row <= product.M - 2; row += 2) AddTile(a + row * product.ARow, product.ARow, tile, sums + row * Columns);
            if (row < product.M) AddTile(a + row * product.ARow, tile, sums + row * Columns);
        }
    }

    /// <summary>Adds a tile to the sums of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTile(float* a, long aRow, float* tile, float* sums)
    {
        Vector512<float> x = Vector512.Load(sums), y = Vector512.Load(sums + Lanes);
        Vector512<float> x2 = Vector512.Load(sums + Columns), y2 = Vector512.Load(sums + Columns + Lanes);
        for (int k = 0; k < TileSteps; k++, tile += Columns)
        {
            Vector512<float> low = Vector512.Load(tile), high = Vector512.Load(tile + Lanes);
            Vector512<float> step = Vector512.Create(a[k]), step2 = Vector512.Create(a[aRow + k]);
            (x, y) = (Register512.MultiplyAdd(step, low, x), Register512.MultiplyAdd(step, high, y));
            (x2, y2) = (Register512.MultiplyAdd(step2, low, x2), Register512.MultiplyAdd(step2, high, y2));
        }

        x.Store(sums);
        y.Store(sums + Lanes);
        x2.Store(sums + Columns);
        y2.Store(sums + Columns + Lanes);
    }

    /// <summary>Adds a tile to the sums of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTile(float* a, float* tile, float* sums)
    {
        Vector512<float> x = Vector512.Load(sums), y = Vector512.Load(sums + Lanes);
        for (int k = 0; k < TileSteps; k++, tile += Columns)
        {
            Vector512<float> step = Vector512.Create(a[k]);
            x = Register512.MultiplyAdd(step, Vector512.Load(tile), x);
            y = Register512.MultiplyAdd(step, Vector512.Load(tile + Lanes), y);
        }

        x.Store(sums);
        y.Store(sums + Lanes);
    }

    /// <summary>
    /// Where the lines are that are asked for with a piece: for each of a line's four pieces those of a quarter of the columns, further on
    /// in them and, near their end, <paramref name="further"/> bytes beyond that: at the beginning of the next block's columns.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* NextLines(byte* b, long column, int at, long further)
    {
        int quarter = at / Piece % (Line / Piece);
        return b + Ahead + further + quarter * (2 * Asked * column - Piece);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(byte* lines, long column)
    {
        for (int i = 0; i < Asked; i++) Sse.Prefetch0(lines + i * column);
    }

    /// <summary>sum + a[0]·b0 + …, for the elements of a piece of each column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddPiece<TElement>(
        float* a, Vector512<int> w0, Vector512<int> w1, Vector512<int> w2, Vector512<int> w3, Vector512<float> sum)
        where TElement : struct, IElement
    {
        int parts = sizeof(int) / TElement.Size;
        sum = AddWord<TElement>(a, w0, sum);
        sum = AddWord<TElement>(a + parts, w1, sum);
        sum = AddWord<TElement>(a + 2 * parts, w2, sum);
        return AddWord<TElement>(a + 3 * parts, w3, sum);
    }

    /// <summary>The same for the elements of one word of each column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddWord<TElement>(float* a, Vector512<int> words, Vector512<float> sum)
        where TElement : struct, IElement
    {
        int parts = sizeof(int) / TElement.Size;
        sum = Register512.MultiplyAdd(Vector512.Create(a[0]), TElement.Part(words, 0), sum);
        if (parts == 1) return sum;
        sum = Register512.MultiplyAdd(Vector512.Create(a[1]), TElement.Part(words, 1), sum);
        if (parts == 2) return sum;
        sum = Register512.MultiplyAdd(Vector512.Create(a[2]), TElement.Part(words, 2), sum);
        return Register512.MultiplyAdd(Vector512.Create(a[3]), TElement.Part(words, 3), sum);
    }

    /// <summary>The elements of a piece of each column, widened: a step of all columns after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePiece<TElement>(Vector512<int> w0, Vector512<int> w1, Vector512<int> w2, Vector512<int> w3, float* tile)
        where TElement : struct, IElement
    {
        int parts = sizeof(int) / TElement.Size;
        for (int part = 0; part < parts; part++)
        {
            TElement.Part(w0, part).Store(tile + part * Columns);
            TElement.Part(w1, part).Store(tile + (parts + part) * Columns);
            TElement.Part(w2, part).Store(tile + (2 * parts + part) * Columns);
            TElement.Part(w3, part).Store(tile + (3 * parts + part) * Columns);
        }
    }

    /// <summary>A piece of sixteen columns, transposed: each register holds the same 32-bit word of all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Read(
        byte* b, long column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3)
    {
        Vector512<int> c0 = EveryFourth(b, column), c1 = EveryFourth(b + column, column);
        Vector512<int> c2 = EveryFourth(b + 2 * column, column), c3 = EveryFourth(b + 3 * column, column);
        Vector512<long> low = Avx512F.UnpackLow(c0, c1).AsInt64(), high = Avx512F.UnpackHigh(c0, c1).AsInt64();
        Vector512<long> low2 = Avx512F.UnpackLow(c2, c3).AsInt64(), high2 = Avx512F.UnpackHigh(c2, c3).AsInt64();
        (w0, w1) = (Avx512F.UnpackLow(low, low2).AsInt32(), Avx512F.UnpackHigh(low, low2).AsInt32());
        (w2, w3) = (Avx512F.UnpackLow(high, high2).AsInt32(), Avx512F.UnpackHigh(high, high2).AsInt32());
    }

    /// <summary>Pieces of four columns, side by side: this one and those four, eight and twelve after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> EveryFourth(byte* b, long column)
    {
        Vector512<int> pieces = Vector128.Load((int*)b).ToVector256Unsafe().ToVector512Unsafe();
        pieces = Avx512F.InsertVector128(pieces, Vector128.Load((int*)(b + 4 * column)), 1);
        pieces = Avx512F.InsertVector128(pieces, Vector128.Load((int*)(b + 8 * column)), 2);
        return Avx512F.InsertVector128(pieces, Vector128.Load((int*)(b + 12 * column)), 3);
    }
}

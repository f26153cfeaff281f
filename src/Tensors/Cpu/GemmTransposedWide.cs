using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The blocks of <see cref="GemmTransposed"/> with AVX-512: 32 columns, of each a cache line at a time. Lines are transposed before they
/// are widened, as 32-bit words that hold one, two or four elements, so that the smaller an element is, the fewer shuffles it takes.
/// </summary>
internal static unsafe class GemmTransposedWide
{
    /// <summary>Columns of a block: two chains of multiply-adds for each row, since one would wait for itself.</summary>
    public const int Columns = 32;

    /// <summary>Floats of scratch memory that <see cref="Add"/> needs.</summary>
    public const int Scratch = Columns * Line;

    /// <summary>Bytes of a column that are read together, and registers' worth of floats.</summary>
    private const int Line = 64, Lanes = 16;

    /// <summary>Steps that can be added this way, of so many.</summary>
    public static int Steps<TElement>(int depth) where TElement : struct, IElement => depth & ~(Line / TElement.Size - 1);

    /// <summary>Adds some steps of 32 columns to the sums of all rows.</summary>
    /// <param name="product">The product.</param>
    /// <param name="a">A's first row at the first step.</param>
    /// <param name="b">The first column at the first step.</param>
    /// <param name="depth">As many steps as <see cref="Steps"/> says.</param>
    /// <param name="sums">Those of a row after those of the row before.</param>
    /// <param name="tile">Memory of <see cref="Scratch"/> floats.</param>
    public static void Add<TElement>(in GemmProblem product, float* a, byte* b, int depth, float* sums, float* tile)
        where TElement : struct, IElement
    {
        long column = product.BColumn * TElement.Size;
        int steps = Line / TElement.Size;
        bool single = product.M == 1 && product.AColumn == 1;
        for (int k = 0; k < depth; k += steps)
        {
            Prefetch(b + Columns * column, column);
            if (single)
            {
                AddLine<TElement>(b, column, a, sums);
                AddLine<TElement>(b + Lanes * column, column, a, sums + Lanes);
            }
            else
            {
                Read<TElement>(b, column, tile);
                Read<TElement>(b + Lanes * column, column, tile + Lanes);
                for (int row = 0; row < product.M; row++)
                    AddRow(a + row * product.ARow, product.AColumn, tile, steps, sums + row * Columns);
            }

            a += steps * product.AColumn;
            b += Line;
        }
    }

    /// <summary>Asks for a line of each of the next block's columns, of which the processor looks out for few at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* b, long column)
    {
        for (int i = 0; i < Columns; i++, b += column) Sse.Prefetch0(b);
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void AddRow(float* a, long aColumn, float* tile, int steps, float* sums)
    {
        Vector512<float> x = Vector512.Load(sums), y = Vector512.Load(sums + Lanes);
        for (int k = 0; k < steps; k++, a += aColumn, tile += Columns)
        {
            Vector512<float> step = Vector512.Create(*a);
            x = Register512.MultiplyAdd(step, Vector512.Load(tile), x);
            y = Register512.MultiplyAdd(step, Vector512.Load(tile + Lanes), y);
        }

        x.Store(sums);
        y.Store(sums + Lanes);
    }

    /// <summary>A line of each of sixteen columns, widened, one step after the other.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void Read<TElement>(byte* b, long column, float* tile) where TElement : struct, IElement
    {
        Transpose(
            b, column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3, out Vector512<int> w4,
            out Vector512<int> w5, out Vector512<int> w6, out Vector512<int> w7, out Vector512<int> w8, out Vector512<int> w9,
            out Vector512<int> w10, out Vector512<int> w11, out Vector512<int> w12, out Vector512<int> w13, out Vector512<int> w14,
            out Vector512<int> w15);
        Store<TElement>(w0, tile, 0);
        Store<TElement>(w1, tile, 1);
        Store<TElement>(w2, tile, 2);
        Store<TElement>(w3, tile, 3);
        Store<TElement>(w4, tile, 4);
        Store<TElement>(w5, tile, 5);
        Store<TElement>(w6, tile, 6);
        Store<TElement>(w7, tile, 7);
        Store<TElement>(w8, tile, 8);
        Store<TElement>(w9, tile, 9);
        Store<TElement>(w10, tile, 10);
        Store<TElement>(w11, tile, 11);
        Store<TElement>(w12, tile, 12);
        Store<TElement>(w13, tile, 13);
        Store<TElement>(w14, tile, 14);
        Store<TElement>(w15, tile, 15);
    }

    /// <summary>Adds a line of each of sixteen columns to their sums for a row that lies contiguous.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void AddLine<TElement>(byte* b, long column, float* a, float* sums) where TElement : struct, IElement
    {
        Vector512<float> sum = Vector512.Load(sums);
        Transpose(
            b, column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3, out Vector512<int> w4,
            out Vector512<int> w5, out Vector512<int> w6, out Vector512<int> w7, out Vector512<int> w8, out Vector512<int> w9,
            out Vector512<int> w10, out Vector512<int> w11, out Vector512<int> w12, out Vector512<int> w13, out Vector512<int> w14,
            out Vector512<int> w15);
        sum = AddWord<TElement>(a, w0, 0, sum);
        sum = AddWord<TElement>(a, w1, 1, sum);
        sum = AddWord<TElement>(a, w2, 2, sum);
        sum = AddWord<TElement>(a, w3, 3, sum);
        sum = AddWord<TElement>(a, w4, 4, sum);
        sum = AddWord<TElement>(a, w5, 5, sum);
        sum = AddWord<TElement>(a, w6, 6, sum);
        sum = AddWord<TElement>(a, w7, 7, sum);
        sum = AddWord<TElement>(a, w8, 8, sum);
        sum = AddWord<TElement>(a, w9, 9, sum);
        sum = AddWord<TElement>(a, w10, 10, sum);
        sum = AddWord<TElement>(a, w11, 11, sum);
        sum = AddWord<TElement>(a, w12, 12, sum);
        sum = AddWord<TElement>(a, w13, 13, sum);
        sum = AddWord<TElement>(a, w14, 14, sum);
        AddWord<TElement>(a, w15, 15, sum).Store(sums);
    }

    /// <summary>sum + a[0]·b0 + …, for the elements of one word of each column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddWord<TElement>(float* a, Vector512<int> words, int word, Vector512<float> sum)
        where TElement : struct, IElement
    {
        int parts = sizeof(int) / TElement.Size;
        a += word * parts;
        sum = Register512.MultiplyAdd(Vector512.Create(a[0]), TElement.Part(words, 0), sum);
        if (parts == 1) return sum;
        sum = Register512.MultiplyAdd(Vector512.Create(a[1]), TElement.Part(words, 1), sum);
        if (parts == 2) return sum;
        sum = Register512.MultiplyAdd(Vector512.Create(a[2]), TElement.Part(words, 2), sum);
        return Register512.MultiplyAdd(Vector512.Create(a[3]), TElement.Part(words, 3), sum);
    }

    /// <summary>A line of sixteen columns: each register holds the same 32-bit word of all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        byte* b, long column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3,
        out Vector512<int> w4, out Vector512<int> w5, out Vector512<int> w6, out Vector512<int> w7, out Vector512<int> w8,
        out Vector512<int> w9, out Vector512<int> w10, out Vector512<int> w11, out Vector512<int> w12, out Vector512<int> w13,
        out Vector512<int> w14, out Vector512<int> w15)
    {
        Four(b, column, out Vector512<int> a0, out Vector512<int> a1, out Vector512<int> a2, out Vector512<int> a3);
        Four(b + 4 * column, column, out Vector512<int> b0, out Vector512<int> b1, out Vector512<int> b2, out Vector512<int> b3);
        Four(b + 8 * column, column, out Vector512<int> c0, out Vector512<int> c1, out Vector512<int> c2, out Vector512<int> c3);
        Four(b + 12 * column, column, out Vector512<int> d0, out Vector512<int> d1, out Vector512<int> d2, out Vector512<int> d3);
        Sixteen(a0, b0, c0, d0, out w0, out w4, out w8, out w12);
        Sixteen(a1, b1, c1, d1, out w1, out w5, out w9, out w13);
        Sixteen(a2, b2, c2, d2, out w2, out w6, out w10, out w14);
        Sixteen(a3, b3, c3, d3, out w3, out w7, out w11, out w15);
    }

    /// <summary>
    /// Four columns: in each quarter of <paramref name="w0"/> words 0, 4, 8 and 12 of all four, the next words in the next registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        byte* b, long column, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> w2, out Vector512<int> w3)
    {
        Vector512<int> c0 = Vector512.Load((int*)b), c1 = Vector512.Load((int*)(b + column));
        Vector512<int> c2 = Vector512.Load((int*)(b + 2 * column)), c3 = Vector512.Load((int*)(b + 3 * column));
        Vector512<long> low = Avx512F.UnpackLow(c0, c1).AsInt64(), high = Avx512F.UnpackHigh(c0, c1).AsInt64();
        Vector512<long> low2 = Avx512F.UnpackLow(c2, c3).AsInt64(), high2 = Avx512F.UnpackHigh(c2, c3).AsInt64();
        (w0, w1) = (Avx512F.UnpackLow(low, low2).AsInt32(), Avx512F.UnpackHigh(low, low2).AsInt32());
        (w2, w3) = (Avx512F.UnpackLow(high, high2).AsInt32(), Avx512F.UnpackHigh(high, high2).AsInt32());
    }

    /// <summary>Brings the quarters of four registers together: of all sixteen a word, and those 4, 8 and 12 after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen(
        Vector512<int> a, Vector512<int> b, Vector512<int> c, Vector512<int> d,
        out Vector512<int> w0, out Vector512<int> w4, out Vector512<int> w8, out Vector512<int> w12)
    {
        Vector512<int> first = Avx512F.Shuffle4x128(a, b, 0x44), second = Avx512F.Shuffle4x128(c, d, 0x44);
        (w0, w4) = (Avx512F.Shuffle4x128(first, second, 0x88), Avx512F.Shuffle4x128(first, second, 0xDD));
        first = Avx512F.Shuffle4x128(a, b, 0xEE);
        second = Avx512F.Shuffle4x128(c, d, 0xEE);
        (w8, w12) = (Avx512F.Shuffle4x128(first, second, 0x88), Avx512F.Shuffle4x128(first, second, 0xDD));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TElement>(Vector512<int> words, float* tile, int word) where TElement : struct, IElement
    {
        int parts = sizeof(int) / TElement.Size;
        tile += word * parts * Columns;
        TElement.Part(words, 0).Store(tile);
        if (parts == 1) return;
        TElement.Part(words, 1).Store(tile + Columns);
        if (parts == 2) return;
        TElement.Part(words, 2).Store(tile + 2 * Columns);
        TElement.Part(words, 3).Store(tile + 3 * Columns);
    }
}

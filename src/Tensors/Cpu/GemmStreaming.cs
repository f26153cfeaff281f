using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Products of a few rows, which take as long as memory needs to bring B: nothing is packed. Four rows of B at a time
/// are read from left to right as they lie, and each adds its multiple to a run of sums that stays in the first-level
/// cache. Every element is the same chain of multiply-adds as in the micro-kernel, so the bits are the same.
/// </summary>
internal static unsafe class GemmStreaming
{
    /// <summary>With more rows than this the micro-kernel makes up for packing.</summary>
    public const int MaxRows = 16;

    /// <summary>Floats of scratch memory that <see cref="Columns"/> needs.</summary>
    public const int Scratch = Sums + Steps * WidestRun;

    /// <summary>Rows of B that are added at once.</summary>
    private const int Steps = 4;

    /// <summary>Bytes of a row of B that are read together: long, since memory is fast in sequence.</summary>
    private const int MostBytes = 4096;

    /// <summary>Columns that are widened together.</summary>
    private const int WidestRun = 1024;

    /// <summary>Sums of all rows over a run; with the rows of B they fit a first-level cache of 32 KB.</summary>
    private const int Sums = 4096;

    /// <summary>Whether a product is of that kind: few rows, and both B and C with their columns side by side.</summary>
    public static bool Suits(in GemmProblem product) => product.M is > 0 and <= MaxRows && product.BColumn == 1 && product.CColumn == 1;

    /// <summary>Columns that are summed together.</summary>
    public static int LongestRun(in GemmProblem product) =>
        Math.Min(product.M <= 2 ? MostBytes / product.BType.Size() : WidestRun, Sums / product.M / 8 * 8);

    /// <summary>Computes some columns.</summary>
    /// <param name="product">The product.</param>
    /// <param name="first">First column.</param>
    /// <param name="end">Column after the last; a multiple of 8 away from the first.</param>
    /// <param name="depthBlock">Steps that make one chain of multiply-adds.</param>
    /// <param name="scratch">Memory of <see cref="Scratch"/> floats.</param>
    public static void Columns(in GemmProblem product, int first, int end, int depthBlock, float* scratch)
    {
        switch (product.BType)
        {
            case DType.F16 when product.FiniteF16: Columns<ElementFiniteF16>(product, first, end, depthBlock, scratch); break;
            case DType.F16: Columns<ElementF16>(product, first, end, depthBlock, scratch); break;
            case DType.BF16: Columns<ElementBF16>(product, first, end, depthBlock, scratch); break;
            case DType.Q8: Columns<ElementInt8>(product, first, end, depthBlock, scratch); break;
            default: Columns<ElementF32>(product, first, end, depthBlock, scratch); break;
        }
    }

    private static void Columns<TElement>(in GemmProblem product, int first, int end, int depthBlock, float* sums)
        where TElement : struct, IElement
    {
        int longest = LongestRun(product);
        for (int column = first; column < end; column += longest)
        {
            int run = Math.Min(longest, end - column);

            // At least once, so that a product over nothing still becomes zero.
            for (int k0 = 0; k0 == 0 || k0 < product.K; k0 += depthBlock)
            {
                new Span<float>(sums, product.M * run).Clear();
                Block<TElement>(product, column, run, k0, Math.Min(product.K, k0 + depthBlock), sums);
                bool add = product.Accumulate || k0 > 0;
                for (int row = 0; row < product.M; row++) Store(sums + row * run, run, product.C + row * product.CRow + column, add);
            }
        }
    }

    /// <summary>
    /// Adds steps <paramref name="start"/> … <paramref name="end"/> of the summed dimension to the sums of a run of columns.
    /// </summary>
    private static void Block<TElement>(in GemmProblem product, int column, int run, int start, int end, float* sums)
        where TElement : struct, IElement
    {
        float* widened = sums + Sums;
        long bRow = product.BRow * TElement.Size;
        int k = start;
        for (; k <= end - Steps; k += Steps)
        {
            byte* b = product.B + (k * product.BRow + column) * TElement.Size;
            float* a = product.A + k * product.AColumn;
            long ahead = k + 2 * Steps <= product.K ? Steps * bRow : 0;
            if (product.M == 1)
            {
                AddFour<TElement>(a, product.AColumn, b, bRow, run, ahead, sums);
            }
            else if (product.M == 2 || TElement.Size == sizeof(float))
            {
                AddRows<TElement>(product, a, b, bRow, run, ahead, sums);
            }
            else
            {
                for (int step = 0; step < Steps; step++) Widen<TElement>(b + step * bRow, run, ahead, widened + step * run);
                AddRows<ElementF32>(product, a, (byte*)widened, run * sizeof(float), run, 0, sums);
            }
        }

        for (; k < end; k++)
        {
            byte* b = product.B + (k * product.BRow + column) * TElement.Size;
            for (int row = 0; row < product.M; row++)
                AddOne<TElement>(product.A[row * product.ARow + k * product.AColumn], b, run, sums + row * run);
        }
    }

    /// <summary>Adds four rows of B to all rows of sums.</summary>
    private static void AddRows<TElement>(in GemmProblem product, float* a, byte* b, long bRow, int run, long ahead, float* sums)
        where TElement : struct, IElement
    {
        int row = 0;
        for (; row <= product.M - 2; row += 2)
        {
            AddFourToTwo<TElement>(
                a + row * product.ARow, product.ARow, product.AColumn, b, bRow, run, row == 0 ? ahead : 0, sums + row * run);
        }

        if (row < product.M) AddFour<TElement>(a + row * product.ARow, product.AColumn, b, bRow, run, 0, sums + row * run);
    }

    /// <summary>sums += a[0]·B[0] + … + a[3]·B[3], one after the other.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void AddFour<TElement>(float* a, long aColumn, byte* b, long bRow, int run, long ahead, float* sums)
        where TElement : struct, IElement
    {
        Vector256<float> x0 = Vector256.Create(a[0]), x1 = Vector256.Create(a[aColumn]);
        Vector256<float> x2 = Vector256.Create(a[2 * aColumn]), x3 = Vector256.Create(a[3 * aColumn]);
        byte* b1 = b + bRow, b2 = b1 + bRow, b3 = b2 + bRow;
        for (long i = 0; i < run; i += 8)
        {
            long at = i * TElement.Size;
            if (ahead != 0 && at % 64 == 0) Prefetch(b + at, b1 + at, b2 + at, b3 + at, ahead);
            Vector256<float> sum = Vector256.Load(sums + i);
            sum = Register256.MultiplyAdd(x0, TElement.LoadEight(b + at), sum);
            sum = Register256.MultiplyAdd(x1, TElement.LoadEight(b1 + at), sum);
            sum = Register256.MultiplyAdd(x2, TElement.LoadEight(b2 + at), sum);
            sum = Register256.MultiplyAdd(x3, TElement.LoadEight(b3 + at), sum);
            sum.Store(sums + i);
        }
    }

    /// <summary><see cref="AddFour"/> for two rows of A: each number of B is loaded once for both.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void AddFourToTwo<TElement>(float* a, long aRow, long aColumn, byte* b, long bRow, int run, long ahead, float* sums)
        where TElement : struct, IElement
    {
        Vector256<float> x0 = Vector256.Create(a[0]), x1 = Vector256.Create(a[aColumn]);
        Vector256<float> x2 = Vector256.Create(a[2 * aColumn]), x3 = Vector256.Create(a[3 * aColumn]);
        a += aRow;
        Vector256<float> y0 = Vector256.Create(a[0]), y1 = Vector256.Create(a[aColumn]);
        Vector256<float> y2 = Vector256.Create(a[2 * aColumn]), y3 = Vector256.Create(a[3 * aColumn]);
        byte* b1 = b + bRow, b2 = b1 + bRow, b3 = b2 + bRow;
        float* second = sums + run;
        for (long i = 0; i < run; i += 8)
        {
            long at = i * TElement.Size;
            if (ahead != 0 && at % 64 == 0) Prefetch(b + at, b1 + at, b2 + at, b3 + at, ahead);
            Vector256<float> x = Vector256.Load(sums + i), y = Vector256.Load(second + i), step = TElement.LoadEight(b + at);
            x = Register256.MultiplyAdd(x0, step, x);
            y = Register256.MultiplyAdd(y0, step, y);
            step = TElement.LoadEight(b1 + at);
            x = Register256.MultiplyAdd(x1, step, x);
            y = Register256.MultiplyAdd(y1, step, y);
            step = TElement.LoadEight(b2 + at);
            x = Register256.MultiplyAdd(x2, step, x);
            y = Register256.MultiplyAdd(y2, step, y);
            step = TElement.LoadEight(b3 + at);
            x = Register256.MultiplyAdd(x3, step, x);
            y = Register256.MultiplyAdd(y3, step, y);
            x.Store(sums + i);
            y.Store(second + i);
        }
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void AddOne<TElement>(float a, byte* b, int run, float* sums)
        where TElement : struct, IElement
    {
        Vector256<float> x = Vector256.Create(a);
        for (long i = 0; i < run; i += 8)
            Register256.MultiplyAdd(x, TElement.LoadEight(b + i * TElement.Size), Vector256.Load(sums + i)).Store(sums + i);
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void Widen<TElement>(byte* source, int run, long ahead, float* widened)
        where TElement : struct, IElement
    {
        for (long i = 0; i < run; i += 8)
        {
            long at = i * TElement.Size;
            if (Sse.IsSupported && ahead != 0 && at % 64 == 0) Sse.Prefetch0(source + at + ahead);
            TElement.LoadEight(source + at).Store(widened + i);
        }
    }

    /// <summary>Stores sums to a row of C, or adds them.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Store(float* sums, int run, float* c, bool add)
    {
        for (long i = 0; i < run; i += 8)
        {
            Vector256<float> sum = Vector256.Load(sums + i);
            (add ? Vector256.Load(c + i) + sum : sum).Store(c + i);
        }
    }

    /// <summary>Adds sums to a row of C.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Add(float* sums, int columns, float* c)
    {
        int whole = columns & ~7;
        Store(sums, whole, c, true);
        for (int i = whole; i < columns; i++) c[i] += sums[i];
    }

    /// <summary>Asks for the next four rows of B, which the processor's own look-out misses at the end of each run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* b, byte* b1, byte* b2, byte* b3, long ahead)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(b + ahead);
        Sse.Prefetch0(b1 + ahead);
        Sse.Prefetch0(b2 + ahead);
        Sse.Prefetch0(b3 + ahead);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Products of a few rows, which take as long as memory needs to bring B: nothing is packed. Eight rows of B at a time, for several
/// rows of A four, are read from left to right as they lie, and each adds its multiple to a run of sums that stays in the first-level
/// cache. Every element is the same chain of multiply-adds as in the micro-kernel, so the bits are the same.
/// </summary>
internal static unsafe class GemmStreaming
{
    /// <summary>With more rows than this the micro-kernel makes up for packing.</summary>
    public const int MaxRows = 16;

    /// <summary>Floats of scratch memory that a product needs.</summary>
    public const int Scratch = Sums + Steps * WidestRun;

    /// <summary>Rows of B that are added at once, and for a single row of A, which shares neither loads nor stores with others.</summary>
    private const int Steps = 4, StepsOfOne = 8;

    /// <summary>Bytes of a row of B that are read together, for one row of A and for two: long, since memory is fast in sequence.</summary>
    private const int MostBytes = 16384, MostBytesOfTwo = 4096;

    /// <summary>
    /// Bytes of B that are asked for ahead at least: what memory brings while one request takes. Of each of the rows that are read side by
    /// side its share of them.
    /// </summary>
    private const int LeastAhead = 8192, AheadInRow = LeastAhead / StepsOfOne;

    /// <summary>Columns that are widened together.</summary>
    private const int WidestRun = 1024;

    /// <summary>Sums of all rows over a run: half a first-level cache of 32 KB.</summary>
    private const int Sums = 4096;

    /// <summary>Columns of the widest register, of which parts of a row are multiples.</summary>
    private const int Whole = 16;

    /// <summary>Whether a product is of that kind: few rows, and both B and C with their columns side by side.</summary>
    public static bool Suits(in GemmProblem product) => product.M is > 0 and <= MaxRows && product.BColumn == 1 && product.CColumn == 1;

    /// <summary>Columns that are summed together.</summary>
    public static int LongestRun(in GemmProblem product)
    {
        int run = product.M switch
        {
            1 => MostBytes / product.BType.Size(),
            2 => MostBytesOfTwo / product.BType.Size(),
            _ => WidestRun,
        };
        return Math.Min(run, Sums / product.M / Whole * Whole);
    }

    /// <summary>Computes some columns.</summary>
    /// <param name="product">The product.</param>
    /// <param name="first">First column.</param>
    /// <param name="end">Column after the last; whole registers away from the first.</param>
    /// <param name="depthBlock">Steps that make one chain of multiply-adds.</param>
    /// <param name="scratch">Memory of <see cref="Scratch"/> floats.</param>
    public static void Columns<TRegister, TVector>(in GemmProblem product, int first, int end, int depthBlock, float* scratch)
        where TRegister : struct, IWideningRegister<TVector>
        where TVector : struct
    {
        switch (product.BType)
        {
            case DType.F16 when product.FiniteF16:
                Columns<ElementFiniteF16, TRegister, TVector>(product, first, end, depthBlock, scratch);
                break;
            case DType.F16: Columns<ElementF16, TRegister, TVector>(product, first, end, depthBlock, scratch); break;
            case DType.BF16: Columns<ElementBF16, TRegister, TVector>(product, first, end, depthBlock, scratch); break;
            case DType.Q8: Columns<ElementInt8, TRegister, TVector>(product, first, end, depthBlock, scratch); break;
            default: Columns<ElementF32, TRegister, TVector>(product, first, end, depthBlock, scratch); break;
        }
    }

    private static void Columns<TElement, TRegister, TVector>(in GemmProblem product, int first, int end, int depthBlock, float* sums)
        where TElement : struct, IElement
        where TRegister : struct, IWideningRegister<TVector>
        where TVector : struct
    {
        // As few runs as can be, all about as long as each other.
        int longest = LongestRun(product), runs = Math.Max(1, (end - first + longest - 1) / longest);
        int even = ((end - first + runs - 1) / runs + Whole - 1) / Whole * Whole;
        for (int column = first; column < end; column += even)
        {
            int run = Math.Min(even, end - column);

            // At least once, so that a product over nothing still becomes zero.
            for (int k0 = 0; k0 == 0 || k0 < product.K; k0 += depthBlock)
            {
                new Span<float>(sums, product.M * run).Clear();
                Block<TElement, TRegister, TVector>(product, column, run, k0, Math.Min(product.K, k0 + depthBlock), sums);
                bool add = product.Accumulate || k0 > 0;
                for (int row = 0; row < product.M; row++) Store(sums + row * run, run, product.C + row * product.CRow + column, add);
            }
        }
    }

    /// <summary>
    /// Adds steps <paramref name="start"/> … <paramref name="end"/> of the summed dimension to the sums of a run of columns.
    /// </summary>
    private static void Block<TElement, TRegister, TVector>(in GemmProblem product, int column, int run, int start, int end, float* sums)
        where TElement : struct, IElement
        where TRegister : struct, IWideningRegister<TVector>
        where TVector : struct
    {
        float* widened = sums + Sums;
        long bRow = product.BRow * TElement.Size;
        int k = product.M == 1 ? OneRow<TElement, TRegister, TVector>(product, column, run, start, end, sums) : start;
        int steps = Math.Max(Steps, LeastAhead / (run * TElement.Size));
        for (; k <= end - Steps; k += Steps)
        {
            byte* b = product.B + (k * product.BRow + column) * TElement.Size;
            float* a = product.A + k * product.AColumn;
            long ahead = k + Steps + steps <= product.K ? steps * bRow : 0;
            if (product.M <= 2 || TElement.Size == sizeof(float))
            {
                AddRows<TElement, TRegister, TVector>(product, a, b, bRow, run, ahead, sums);
            }
            else
            {
                for (int step = 0; step < Steps; step++)
                    StreamingLoops<TElement, TRegister, TVector>.Widen(b + step * bRow, run, ahead, widened + step * run);
                AddRows<ElementF32, TRegister, TVector>(product, a, (byte*)widened, run * sizeof(float), run, 0, sums);
            }
        }

        for (; k < end; k++)
        {
            byte* b = product.B + (k * product.BRow + column) * TElement.Size;
            for (int row = 0; row < product.M; row++)
            {
                float a = product.A[row * product.ARow + k * product.AColumn];
                StreamingLoops<TElement, TRegister, TVector>.AddOne(a, b, run, sums + row * run);
            }
        }
    }

    /// <summary>
    /// Adds as many steps as can be eight at a time to the sums of a single row. Long rows of B ask for what comes next in them, and only
    /// near their ends for the beginnings of the rows after them.
    /// </summary>
    /// <returns>The step after the last.</returns>
    private static int OneRow<TElement, TRegister, TVector>(in GemmProblem product, int column, int run, int start, int end, float* sums)
        where TElement : struct, IElement
        where TRegister : struct, IWideningRegister<TVector>
        where TVector : struct
    {
        long bRow = product.BRow * TElement.Size;
        int near = Math.Max(0, run - AheadInRow / TElement.Size), nearBytes = near * TElement.Size;
        int steps = Math.Max(StepsOfOne, LeastAhead / (run * TElement.Size)), k = start;
        for (; k <= end - StepsOfOne; k += StepsOfOne)
        {
            byte* b = product.B + (k * product.BRow + column) * TElement.Size;
            float* a = product.A + k * product.AColumn;
            long ahead = k + StepsOfOne + steps <= product.K ? steps * bRow - nearBytes : 0;
            if (near > 0) StreamingLoops<TElement, TRegister, TVector>.AddEight(a, product.AColumn, b, bRow, near, AheadInRow, sums);
            StreamingLoops<TElement, TRegister, TVector>.AddEight(
                a, product.AColumn, b + nearBytes, bRow, run - near, ahead, sums + near);
        }

        return k;
    }

    /// <summary>Adds four rows of B to all rows of sums.</summary>
    private static void AddRows<TElement, TRegister, TVector>(
        in GemmProblem product, float* a, byte* b, long bRow, int run, long ahead, float* sums)
        where TElement : struct, IElement
        where TRegister : struct, IWideningRegister<TVector>
        where TVector : struct
    {
        int row = 0;
        for (; row <= product.M - 2; row += 2)
        {
            StreamingLoops<TElement, TRegister, TVector>.AddFourToTwo(
                a + row * product.ARow, product.ARow, product.AColumn, b, bRow, run, row == 0 ? ahead : 0, sums + row * run);
        }

        if (row == product.M) return;
        StreamingLoops<TElement, TRegister, TVector>.AddFour(
            a + row * product.ARow, product.AColumn, b, bRow, run, 0, sums + row * run);
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
}

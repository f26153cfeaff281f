using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// <see cref="GemmStreaming"/> for a transposed B, whose columns lie contiguous along the summed dimension, like
/// the rows of an output embedding. Blocks of eight columns and eight steps are transposed in registers and used by all
/// rows of A at once; so each lane is the micro-kernel's chain of multiply-adds, where a dot product would add up in
/// another order.
/// </summary>
internal static unsafe class GemmTransposed
{
    /// <summary>With more rows than this the micro-kernel makes up for packing.</summary>
    public const int MaxRows = 8;

    /// <summary>Floats of scratch memory that a product needs.</summary>
    public const int Scratch = MaxRows * Width;

    /// <summary>Columns that are read side by side, and with AVX-512.</summary>
    private const int Narrow = 16, Width = GemmTransposedWide.Columns;

    /// <summary>Whether a product is of that kind.</summary>
    public static bool Suits(in GemmProblem product) =>
        Avx.IsSupported && product.M is > 0 and <= MaxRows && product.BRow == 1 && product.CColumn == 1;

    /// <summary>Computes some columns.</summary>
    /// <param name="product">The product.</param>
    /// <param name="first">First column.</param>
    /// <param name="end">Column after the last; a multiple of 8 away from the first.</param>
    /// <param name="depthBlock">Steps that make one chain of multiply-adds.</param>
    /// <param name="wide">Whether registers may hold sixteen floats.</param>
    /// <param name="scratch">Memory of <see cref="Scratch"/> floats.</param>
    public static void Columns(in GemmProblem product, int first, int end, int depthBlock, bool wide, float* scratch)
    {
        switch (product.BType)
        {
            case DType.F16 when product.FiniteF16: Columns<ElementFiniteF16>(product, first, end, depthBlock, wide, scratch); break;
            case DType.F16: Columns<ElementF16>(product, first, end, depthBlock, wide, scratch); break;
            case DType.BF16: Columns<ElementBF16>(product, first, end, depthBlock, wide, scratch); break;
            case DType.Q8: Columns<ElementInt8>(product, first, end, depthBlock, wide, scratch); break;
            default: Columns<ElementF32>(product, first, end, depthBlock, wide, scratch); break;
        }
    }

    private static void Columns<TElement>(in GemmProblem product, int first, int end, int depthBlock, bool wide, float* sums)
        where TElement : struct, IElement
    {
        wide &= GemmTransposedWide.Suits(product);
        for (int column = first; column < end;)
        {
            bool whole = wide && end - column >= Width;
            int columns = whole ? Width : Math.Min(Narrow, end - column);

            // At least once, so that a product over nothing still becomes zero.
            for (int k0 = 0; k0 == 0 || k0 < product.K; k0 += depthBlock)
            {
                float* a = product.A + k0 * product.AColumn;
                byte* b = product.B + (column * product.BColumn + k0) * TElement.Size;
                new Span<float>(sums, product.M * Width).Clear();
                int left = product.K - k0;
                Add<TElement>(product, a, b, columns, Math.Min(depthBlock, left), left, whole, sums);
                bool add = product.Accumulate || k0 > 0;
                for (int row = 0; row < product.M; row++)
                    GemmStreaming.Store(sums + row * Width, columns, product.C + row * product.CRow + column, add);
            }

            column += columns;
        }
    }

    /// <summary>Adds some steps to the sums of all rows: as many as can be at once, then by eights, then one by one.</summary>
    private static void Add<TElement>(
        in GemmProblem product, float* a, byte* b, int columns, int depth, int left, bool whole, float* sums)
        where TElement : struct, IElement
    {
        int done = whole ? GemmTransposedWide.Steps(depth) : 0, eights = (depth - done) & ~7;
        if (whole) GemmTransposedWide.Add<TElement>(product, a, b, done, left, sums);
        a += done * product.AColumn;
        b += done * TElement.Size;
        if (product.M == 1 && !whole) OneRow<TElement>(product, a, b, columns, eights, sums);
        else Rows<TElement>(product, a, b, columns, eights, sums);
        Rest<TElement>(product, a, b, columns, eights, depth - done, sums);
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void Rows<TElement>(in GemmProblem product, float* a, byte* b, int columns, int depth, float* sums)
        where TElement : struct, IElement
    {
        long step = product.BColumn * TElement.Size, aRow = product.ARow, aColumn = product.AColumn;
        int rows = product.M;
        for (int k = 0; k < depth; k += 8)
        {
            for (int i = 0; i < columns; i += 8)
            {
                Load<TElement>(
                    b + i * step, step,
                    out Vector256<float> b0, out Vector256<float> b1, out Vector256<float> b2, out Vector256<float> b3,
                    out Vector256<float> b4, out Vector256<float> b5, out Vector256<float> b6, out Vector256<float> b7);
                float* x = a, sum = sums + i;
                for (int row = 0; row < rows; row++, x += aRow, sum += Width)
                    AddEight(x, aColumn, b0, b1, b2, b3, b4, b5, b6, b7, Vector256.Load(sum)).Store(sum);
            }

            a += 8 * aColumn;
            b += 8 * TElement.Size;
        }
    }

    /// <summary><see cref="Rows"/> with the sums of a single row in registers.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void OneRow<TElement>(in GemmProblem product, float* a, byte* b, int columns, int depth, float* sums)
        where TElement : struct, IElement
    {
        long step = product.BColumn * TElement.Size, aColumn = product.AColumn;
        byte* second = b + (columns - 8) * step; // the last eight may have no neighbours: they are multiplied twice
        Vector256<float> x = Vector256<float>.Zero, y = x;
        for (int k = 0; k < depth; k += 8)
        {
            if (TElement.Size == 1 && k % 64 == 0) Prefetch(b + Narrow * step, step, columns);
            Load<TElement>(b, step, out Vector256<float> b0, out Vector256<float> b1, out Vector256<float> b2, out Vector256<float> b3,
                out Vector256<float> b4, out Vector256<float> b5, out Vector256<float> b6, out Vector256<float> b7);
            x = AddEight(a, aColumn, b0, b1, b2, b3, b4, b5, b6, b7, x);
            Load<TElement>(second, step, out b0, out b1, out b2, out b3, out b4, out b5, out b6, out b7);
            y = AddEight(a, aColumn, b0, b1, b2, b3, b4, b5, b6, b7, y);
            a += 8 * aColumn;
            b += 8 * TElement.Size;
            second += 8 * TElement.Size;
        }

        x.Store(sums);
        y.Store(sums + columns - 8);
    }

    /// <summary>Continues the sums with the last, fewer than eight steps.</summary>
    private static void Rest<TElement>(in GemmProblem product, float* a, byte* b, int columns, int start, int end, float* sums)
        where TElement : struct, IElement
    {
        float* step = stackalloc float[Width];
        for (int k = start; k < end; k++)
        {
            for (int i = 0; i < columns; i++) step[i] = TElement.Load(b + (i * product.BColumn + k) * TElement.Size);
            for (int row = 0; row < product.M; row++)
            {
                Vector256<float> x = Vector256.Create(a[row * product.ARow + k * product.AColumn]);
                for (float* b0 = step, sum = sums + row * Width; b0 < step + columns; b0 += 8, sum += 8)
                    Register256.MultiplyAdd(x, Vector256.Load(b0), Vector256.Load(sum)).Store(sum);
            }
        }
    }

    /// <summary>
    /// Asks for the next columns at the same steps: those of int8 are so short that the processor has hardly begun to look out for one when
    /// it ends.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* b, long step, int columns)
    {
        if (!Sse.IsSupported) return;
        for (int i = 0; i < columns; i++, b += step) Sse.Prefetch0(b);
    }

    /// <summary>Eight steps of eight columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load<TElement>(
        byte* b, long step, out Vector256<float> b0, out Vector256<float> b1, out Vector256<float> b2, out Vector256<float> b3,
        out Vector256<float> b4, out Vector256<float> b5, out Vector256<float> b6, out Vector256<float> b7)
        where TElement : struct, IElement
    {
        if (typeof(TElement) == typeof(ElementInt8) && Avx2.IsSupported)
        {
            GemmTransposedInt8.Load(b, step, out b0, out b1, out b2, out b3, out b4, out b5, out b6, out b7);
            return;
        }

        byte* fourth = b + 4 * step;
        (b0, b1) = (TElement.LoadEight(b), TElement.LoadEight(b + step));
        (b2, b3) = (TElement.LoadEight(b + 2 * step), TElement.LoadEight(b + 3 * step));
        (b4, b5) = (TElement.LoadEight(fourth), TElement.LoadEight(fourth + step));
        (b6, b7) = (TElement.LoadEight(fourth + 2 * step), TElement.LoadEight(fourth + 3 * step));
        GemmPacking.Transpose(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7);
    }

    /// <summary>sum + a[0]·b0 + … + a[7]·b7, one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddEight(
        float* a, long aColumn, Vector256<float> b0, Vector256<float> b1, Vector256<float> b2, Vector256<float> b3,
        Vector256<float> b4, Vector256<float> b5, Vector256<float> b6, Vector256<float> b7, Vector256<float> sum)
    {
        sum = Register256.MultiplyAdd(Vector256.Create(a[0]), b0, sum);
        sum = Register256.MultiplyAdd(Vector256.Create(a[aColumn]), b1, sum);
        sum = Register256.MultiplyAdd(Vector256.Create(a[2 * aColumn]), b2, sum);
        sum = Register256.MultiplyAdd(Vector256.Create(a[3 * aColumn]), b3, sum);
        sum = Register256.MultiplyAdd(Vector256.Create(a[4 * aColumn]), b4, sum);
        sum = Register256.MultiplyAdd(Vector256.Create(a[5 * aColumn]), b5, sum);
        sum = Register256.MultiplyAdd(Vector256.Create(a[6 * aColumn]), b6, sum);
        return Register256.MultiplyAdd(Vector256.Create(a[7 * aColumn]), b7, sum);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// The symmetric rank-k update C += A·Bᵀ of a lower triangle in float64 (SYRK in BLAS), where A is B or -B. Both lie
/// packed in strips of 12 rows, [strips][k][12], the last one filled up with zeros.
/// <para>
/// Every element of C is one chain of multiply-adds over k that begins with what C held. So neither the number of threads
/// changes its bits, nor whether k steps are added at once or in several calls.
/// </para>
/// </summary>
internal static unsafe class Syrk
{
    /// <summary>Rows of a strip: three registers of AVX2, which with four broadcast rows make twelve chains.</summary>
    public const int StripRows = 12;

    /// <summary>Steps of k that are best packed together: four strips of them stay in the second-level cache.</summary>
    public const int Depth = 240;

    /// <summary>Strips of A that a thread takes together and multiplies with each strip of B.</summary>
    private const int BlockStrips = 4;

    /// <summary>Strips that <paramref name="rows"/> rows take.</summary>
    public static int Strips(int rows) => (rows + StripRows - 1) / StripRows;

    /// <summary>Adds A·Bᵀ to the tiles on and below the diagonal of C.</summary>
    /// <param name="a">Packed A.</param>
    /// <param name="b">Packed B.</param>
    /// <param name="depth">k, at best about <see cref="Depth"/>.</param>
    /// <param name="c">First element of C, which is as large as the strips are.</param>
    /// <param name="stride">Elements from one row of C to the next.</param>
    /// <param name="strips">Strips of A and of B.</param>
    /// <param name="work">Threads.</param>
    public static void AddLower(double* a, double* b, int depth, double* c, long stride, int strips, WorkSharing work) =>
        work.Run((strips + BlockStrips - 1) / BlockStrips, new RowBlocks(a, b, depth, c, stride, strips));

    /// <summary>C += A·Bᵀ for four rows of A and a strip of B.</summary>
    /// <param name="a">First of the four, which lie side by side.</param>
    /// <param name="aStep">Elements of A from one k to the next.</param>
    /// <param name="b">The packed strip.</param>
    /// <param name="depth">k.</param>
    /// <param name="c">First element of the tile [4,12].</param>
    /// <param name="stride">Elements from one row of C to the next.</param>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Tile(double* a, int aStep, double* b, int depth, double* c, long stride)
    {
        const int W = 4;
        double* d = c + stride, e = d + stride, f = e + stride;
        Prefetch(c + StripRows * stride, stride);
        Vector256<double> c0 = Vector256.Load(c), c1 = Vector256.Load(c + W), c2 = Vector256.Load(c + 2 * W);
        Vector256<double> d0 = Vector256.Load(d), d1 = Vector256.Load(d + W), d2 = Vector256.Load(d + 2 * W);
        Vector256<double> e0 = Vector256.Load(e), e1 = Vector256.Load(e + W), e2 = Vector256.Load(e + 2 * W);
        Vector256<double> f0 = Vector256.Load(f), f1 = Vector256.Load(f + W), f2 = Vector256.Load(f + 2 * W);
        for (int k = 0; k < depth; k++)
        {
            Vector256<double> b0 = Vector256.Load(b), b1 = Vector256.Load(b + W), b2 = Vector256.Load(b + 2 * W);
            Vector256<double> x = Vector256.Create(a[0]);
            c0 = Vector256.MultiplyAddEstimate(x, b0, c0);
            c1 = Vector256.MultiplyAddEstimate(x, b1, c1);
            c2 = Vector256.MultiplyAddEstimate(x, b2, c2);
            x = Vector256.Create(a[1]);
            d0 = Vector256.MultiplyAddEstimate(x, b0, d0);
            d1 = Vector256.MultiplyAddEstimate(x, b1, d1);
            d2 = Vector256.MultiplyAddEstimate(x, b2, d2);
            x = Vector256.Create(a[2]);
            e0 = Vector256.MultiplyAddEstimate(x, b0, e0);
            e1 = Vector256.MultiplyAddEstimate(x, b1, e1);
            e2 = Vector256.MultiplyAddEstimate(x, b2, e2);
            x = Vector256.Create(a[3]);
            f0 = Vector256.MultiplyAddEstimate(x, b0, f0);
            f1 = Vector256.MultiplyAddEstimate(x, b1, f1);
            f2 = Vector256.MultiplyAddEstimate(x, b2, f2);
            a += aStep;
            b += StripRows;
        }

        Store(c0, c1, c2, c);
        Store(d0, d1, d2, d);
        Store(e0, e1, e2, e);
        Store(f0, f1, f2, f);
    }

    /// <summary>Asks for the tile that is likely to be next, that of the strip of A below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(double* c, long stride)
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < 4; row++)
        {
            Sse.Prefetch0(c + row * stride);
            Sse.Prefetch0(c + row * stride + StripRows - 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<double> left, Vector256<double> middle, Vector256<double> right, double* to)
    {
        left.Store(to);
        middle.Store(to + 4);
        right.Store(to + 8);
    }

    /// <summary>Rows of C, the longest first, so that the last ones even out the load.</summary>
    private readonly struct RowBlocks(double* a, double* b, int depth, double* c, long stride, int strips) : IRangeTask
    {
        public void Run(long start, long end)
        {
            int blocks = (strips + BlockStrips - 1) / BlockStrips;
            for (long task = start; task < end; task++)
            {
                int from = (blocks - 1 - (int)task) * BlockStrips, to = Math.Min(strips, from + BlockStrips);
                for (int j = 0; j < to; j++)
                {
                    for (int i = Math.Max(from, j); i < to; i++) Square(i, j);
                }
            }
        }

        private void Square(int i, int j)
        {
            double* left = a + (long)i * depth * StripRows, top = b + (long)j * depth * StripRows;
            double* square = c + i * StripRows * stride + j * StripRows;
            for (int row = 0; row < StripRows; row += 4) Tile(left + row, StripRows, top, depth, square + row * stride, stride);
        }
    }
}

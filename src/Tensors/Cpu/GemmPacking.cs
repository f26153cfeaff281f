using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Copies a strip of a matrix into the order in which the micro-kernel reads it: <c>packed[k][lane]</c>, where
/// lanes are rows of A or columns of B and k runs along the summed dimension. Stored weights are widened here.
/// </summary>
internal static unsafe class GemmPacking
{
    /// <summary>MC: rows of A that are packed together; a depth block of them is about 100 KB.</summary>
    public const int RowBlock = 96;

    /// <summary>
    /// Packs adjacent panels of <paramref name="width"/> lanes, one after the other; lanes beyond
    /// <paramref name="lanes"/> become zero.
    /// </summary>
    /// <param name="source">First element.</param>
    /// <param name="dtype">How the source is stored.</param>
    /// <param name="laneStride">Elements between lanes.</param>
    /// <param name="depthStride">Elements between steps of the summed dimension.</param>
    /// <param name="lanes">Lanes that exist.</param>
    /// <param name="depth">Steps.</param>
    /// <param name="width">Lanes of a panel.</param>
    /// <param name="packed">Destination of <c>depth·width</c> floats for each panel.</param>
    public static void Panels(byte* source, DType dtype, long laneStride, long depthStride, int lanes, int depth, int width, float* packed)
    {
        switch (dtype)
        {
            case DType.F16: Panels<ElementF16>(source, laneStride, depthStride, lanes, depth, width, packed); break;
            case DType.BF16: Panels<ElementBF16>(source, laneStride, depthStride, lanes, depth, width, packed); break;
            case DType.Q8: Panels<ElementInt8>(source, laneStride, depthStride, lanes, depth, width, packed); break;
            default: Panels<ElementF32>(source, laneStride, depthStride, lanes, depth, width, packed); break;
        }
    }

    /// <summary>
    /// Packs strips of six lanes that lie side by side, as the rows of a transposed A do: some strips at a time, so that a step is
    /// read in whole cache lines and what is written stays in the first-level cache.
    /// </summary>
    /// <param name="source">First element.</param>
    /// <param name="depthStride">Elements between steps of the summed dimension.</param>
    /// <param name="strips">Whole strips.</param>
    /// <param name="depth">Steps.</param>
    /// <param name="packed">Destination of <c>6·depth</c> floats for each strip.</param>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Strips(float* source, long depthStride, int strips, int depth, float* packed)
    {
        const int Lanes = 6, Together = 16, Ahead = 4;
        for (int first = 0; first < strips; first += Together)
        {
            int end = Math.Min(strips, first + Together);
            for (int k = 0; k < depth; k++)
            {
                float* from = source + k * depthStride, ahead = k + Ahead < depth ? from + Ahead * depthStride : from;
                for (int strip = first; strip < end; strip++)
                {
                    float* six = from + Lanes * strip, to = packed + ((long)strip * depth + k) * Lanes;
                    if (Sse.IsSupported) Sse.Prefetch0(ahead + Lanes * strip);
                    Vector128.Load(six).Store(to);
                    *(long*)(to + 4) = *(long*)(six + 4);
                }
            }
        }
    }

    private static void Panels<TElement>(byte* source, long laneStride, long depthStride, int lanes, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        int lane = 0;
        if (laneStride == 1 && width % 8 == 0)
        {
            lane = lanes / width * width;
            CopyRuns<TElement>(source, depthStride, lane, depth, width, packed);
        }

        for (; lane < lanes; lane += width)
            Panel<TElement>(
                source + lane * laneStride * TElement.Size, laneStride, depthStride, Math.Min(width, lanes - lane), depth, width,
                packed + (long)lane * depth);
    }

    /// <summary>
    /// Lanes lie side by side and fill several panels: each step is read as one run, because memory is several times
    /// faster in sequence than in pieces of a panel's width, and the next steps' runs are asked for ahead.
    /// </summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void CopyRuns<TElement>(byte* source, long depthStride, int lanes, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        const int Ahead = 4, Line = 64;
        long step = depthStride * TElement.Size, panel = (long)depth * width;
        for (int k = 0; k < depth; k++, source += step, packed += width)
        {
            byte* from = source, ahead = k + Ahead < depth ? source + Ahead * step : source;
            float* to = packed;
            for (int lane = 0; lane < lanes; lane += width, to += panel)
            {
                for (int i = 0; i < width; i += 8, from += 8 * TElement.Size)
                {
                    if (Sse.IsSupported && i * TElement.Size % Line == 0) Sse.Prefetch0(ahead + (lane + i) * TElement.Size);
                    TElement.LoadEight(from).Store(to + i);
                }
            }
        }
    }

    private static void Panel<TElement>(byte* source, long laneStride, long depthStride, int lanes, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        if (laneStride == 1) CopyLanes<TElement>(source, depthStride, lanes, depth, width, packed);
        else if (depthStride == 1 && Avx.IsSupported) TransposeLanes<TElement>(source, laneStride, lanes, depth, width, packed);
        else CopyElements<TElement>(source, laneStride, depthStride, lanes, 0, depth, width, packed);
    }

    /// <summary>Lanes lie side by side: each step is one short copy.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void CopyLanes<TElement>(byte* source, long depthStride, int lanes, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        long step = depthStride * TElement.Size;
        for (int k = 0; k < depth; k++)
        {
            int lane = 0;
            for (; lane <= lanes - 8; lane += 8) TElement.LoadEight(source + lane * TElement.Size).Store(packed + lane);
            for (; lane < lanes; lane++) packed[lane] = TElement.Load(source + lane * TElement.Size);
            for (; lane < width; lane++) packed[lane] = 0;
            source += step;
            packed += width;
        }
    }

    /// <summary>
    /// Steps lie side by side: blocks of 8 lanes × 8 steps are transposed in registers, all lanes for some cache lines
    /// of steps before the next ones, so that memory sees each lane read in sequence.
    /// </summary>
    private static void TransposeLanes<TElement>(byte* source, long laneStride, int lanes, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        const int Piece = 64;

        // A panel narrower than a register is stored with spilling into its next step: the last ones must not.
        int whole = (width % 8 == 0 ? depth : Math.Max(0, depth - 1)) & ~7;
        for (int k = 0; k < whole; k += Piece)
        {
            for (int lane = 0; lane < width; lane += 8)
                TransposeEight<TElement>(
                    source + (long)k * TElement.Size, laneStride, lane, lanes, Math.Min(Piece, whole - k), width,
                    packed + (long)k * width);
        }

        CopyElements<TElement>(source, laneStride, 1, lanes, whole, depth, width, packed);
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void TransposeEight<TElement>(byte* source, long laneStride, int lane, int lanes, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        // A missing lane reads lane 0 instead and is cleared below: cheaper than a branch per load.
        long step = laneStride * TElement.Size, next = width * step;
        byte* s0 = source + Present(lane, lanes) * step, s1 = source + Present(lane + 1, lanes) * step;
        byte* s2 = source + Present(lane + 2, lanes) * step, s3 = source + Present(lane + 3, lanes) * step;
        byte* s4 = source + Present(lane + 4, lanes) * step, s5 = source + Present(lane + 5, lanes) * step;
        byte* s6 = source + Present(lane + 6, lanes) * step, s7 = source + Present(lane + 7, lanes) * step;
        Vector256<float> present = Vector256.LessThan(Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7), Vector256.Create(lanes - lane)).AsSingle();
        for (int k = 0; k < depth; k += 8)
        {
            long at = (long)k * TElement.Size;
            if (at % 64 == 0)
                Prefetch(
                    s0 + next + at, s1 + next + at, s2 + next + at, s3 + next + at,
                    s4 + next + at, s5 + next + at, s6 + next + at, s7 + next + at);
            Vector256<float> r0 = TElement.LoadEight(s0 + at), r1 = TElement.LoadEight(s1 + at);
            Vector256<float> r2 = TElement.LoadEight(s2 + at), r3 = TElement.LoadEight(s3 + at);
            Vector256<float> r4 = TElement.LoadEight(s4 + at), r5 = TElement.LoadEight(s5 + at);
            Vector256<float> r6 = TElement.LoadEight(s6 + at), r7 = TElement.LoadEight(s7 + at);
            Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);

            // In ascending k: where the panel is narrower than 8 a store spills into the next step, written later.
            float* to = packed + (long)k * width + lane;
            (r0 & present).Store(to);
            (r1 & present).Store(to + width);
            (r2 & present).Store(to + 2 * width);
            (r3 & present).Store(to + 3 * width);
            (r4 & present).Store(to + 4 * width);
            (r5 & present).Store(to + 5 * width);
            (r6 & present).Store(to + 6 * width);
            (r7 & present).Store(to + 7 * width);
        }
    }

    /// <summary>
    /// Asks for the next panel's lanes while this one's are packed: with a product in between, nobody else looks out so far.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* s0, byte* s1, byte* s2, byte* s3, byte* s4, byte* s5, byte* s6, byte* s7)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(s0);
        Sse.Prefetch0(s1);
        Sse.Prefetch0(s2);
        Sse.Prefetch0(s3);
        Sse.Prefetch0(s4);
        Sse.Prefetch0(s5);
        Sse.Prefetch0(s6);
        Sse.Prefetch0(s7);
    }

    /// <summary>Transposes 8×8 numbers within registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(
        ref Vector256<float> r0, ref Vector256<float> r1, ref Vector256<float> r2, ref Vector256<float> r3,
        ref Vector256<float> r4, ref Vector256<float> r5, ref Vector256<float> r6, ref Vector256<float> r7)
    {
        Vector256<float> a0 = Avx.UnpackLow(r0, r1), a1 = Avx.UnpackHigh(r0, r1), a2 = Avx.UnpackLow(r2, r3), a3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> a4 = Avx.UnpackLow(r4, r5), a5 = Avx.UnpackHigh(r4, r5), a6 = Avx.UnpackLow(r6, r7), a7 = Avx.UnpackHigh(r6, r7);
        Vector256<float> b0 = Avx.Shuffle(a0, a2, 0x44), b1 = Avx.Shuffle(a0, a2, 0xEE);
        Vector256<float> b2 = Avx.Shuffle(a1, a3, 0x44), b3 = Avx.Shuffle(a1, a3, 0xEE);
        Vector256<float> b4 = Avx.Shuffle(a4, a6, 0x44), b5 = Avx.Shuffle(a4, a6, 0xEE);
        Vector256<float> b6 = Avx.Shuffle(a5, a7, 0x44), b7 = Avx.Shuffle(a5, a7, 0xEE);
        (r0, r1) = (Avx.Permute2x128(b0, b4, 0x20), Avx.Permute2x128(b1, b5, 0x20));
        (r2, r3) = (Avx.Permute2x128(b2, b6, 0x20), Avx.Permute2x128(b3, b7, 0x20));
        (r4, r5) = (Avx.Permute2x128(b0, b4, 0x31), Avx.Permute2x128(b1, b5, 0x31));
        (r6, r7) = (Avx.Permute2x128(b2, b6, 0x31), Avx.Permute2x128(b3, b7, 0x31));
    }

    /// <summary>Element by element, for the steps from <paramref name="start"/> on.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static void CopyElements<TElement>(
        byte* source, long laneStride, long depthStride, int lanes, int start, int depth, int width, float* packed)
        where TElement : struct, IElement
    {
        for (int k = start; k < depth; k++)
        {
            byte* from = source + k * depthStride * TElement.Size;
            float* to = packed + (long)k * width;
            for (int lane = 0; lane < lanes; lane++) to[lane] = TElement.Load(from + lane * laneStride * TElement.Size);
            for (int lane = lanes; lane < width; lane++) to[lane] = 0;
        }
    }

    private static long Present(int lane, int lanes) => lane < lanes ? lane : 0;
}

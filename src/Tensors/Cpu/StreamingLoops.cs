using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>The innermost loops of <see cref="GemmStreaming"/>, for one storage type and one width of registers.</summary>
internal static unsafe class StreamingLoops<TElement, TRegister, TVector>
    where TElement : struct, IElement
    where TRegister : struct, IWideningRegister<TVector>
    where TVector : struct
{
    /// <summary>sums += a[0]·B[0] + … + a[7]·B[7], one after the other.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void AddEight(float* a, long aColumn, byte* b, long bRow, int run, long ahead, float* sums)
    {
        TVector x0 = TRegister.Broadcast(a[0]), x1 = TRegister.Broadcast(a[aColumn]);
        TVector x2 = TRegister.Broadcast(a[2 * aColumn]), x3 = TRegister.Broadcast(a[3 * aColumn]);
        a += 4 * aColumn;
        TVector x4 = TRegister.Broadcast(a[0]), x5 = TRegister.Broadcast(a[aColumn]);
        TVector x6 = TRegister.Broadcast(a[2 * aColumn]), x7 = TRegister.Broadcast(a[3 * aColumn]);
        byte* b1 = b + bRow, b2 = b1 + bRow, b3 = b2 + bRow, b4 = b3 + bRow, b5 = b4 + bRow, b6 = b5 + bRow, b7 = b6 + bRow;
        for (long i = 0; i < run; i += TRegister.Count)
        {
            long at = i * TElement.Size;
            if (ahead != 0 && at % 64 == 0)
            {
                Prefetch(b + at, b1 + at, b2 + at, b3 + at, ahead);
                Prefetch(b4 + at, b5 + at, b6 + at, b7 + at, ahead);
            }

            TVector sum = TRegister.Load(sums + i);
            sum = TRegister.MultiplyAdd(x0, TRegister.Widen<TElement>(b + at), sum);
            sum = TRegister.MultiplyAdd(x1, TRegister.Widen<TElement>(b1 + at), sum);
            sum = TRegister.MultiplyAdd(x2, TRegister.Widen<TElement>(b2 + at), sum);
            sum = TRegister.MultiplyAdd(x3, TRegister.Widen<TElement>(b3 + at), sum);
            sum = TRegister.MultiplyAdd(x4, TRegister.Widen<TElement>(b4 + at), sum);
            sum = TRegister.MultiplyAdd(x5, TRegister.Widen<TElement>(b5 + at), sum);
            sum = TRegister.MultiplyAdd(x6, TRegister.Widen<TElement>(b6 + at), sum);
            sum = TRegister.MultiplyAdd(x7, TRegister.Widen<TElement>(b7 + at), sum);
            TRegister.Store(sum, sums + i);
        }
    }

    /// <summary><see cref="AddEight"/> of four.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void AddFour(float* a, long aColumn, byte* b, long bRow, int run, long ahead, float* sums)
    {
        TVector x0 = TRegister.Broadcast(a[0]), x1 = TRegister.Broadcast(a[aColumn]);
        TVector x2 = TRegister.Broadcast(a[2 * aColumn]), x3 = TRegister.Broadcast(a[3 * aColumn]);
        byte* b1 = b + bRow, b2 = b1 + bRow, b3 = b2 + bRow;
        for (long i = 0; i < run; i += TRegister.Count)
        {
            long at = i * TElement.Size;
            if (ahead != 0 && at % 64 == 0) Prefetch(b + at, b1 + at, b2 + at, b3 + at, ahead);
            TVector sum = TRegister.Load(sums + i);
            sum = TRegister.MultiplyAdd(x0, TRegister.Widen<TElement>(b + at), sum);
            sum = TRegister.MultiplyAdd(x1, TRegister.Widen<TElement>(b1 + at), sum);
            sum = TRegister.MultiplyAdd(x2, TRegister.Widen<TElement>(b2 + at), sum);
            sum = TRegister.MultiplyAdd(x3, TRegister.Widen<TElement>(b3 + at), sum);
            TRegister.Store(sum, sums + i);
        }
    }

    /// <summary><see cref="AddFour"/> for two rows of A: each number of B is loaded once for both.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void AddFourToTwo(float* a, long aRow, long aColumn, byte* b, long bRow, int run, long ahead, float* sums)
    {
        TVector x0 = TRegister.Broadcast(a[0]), x1 = TRegister.Broadcast(a[aColumn]);
        TVector x2 = TRegister.Broadcast(a[2 * aColumn]), x3 = TRegister.Broadcast(a[3 * aColumn]);
        a += aRow;
        TVector y0 = TRegister.Broadcast(a[0]), y1 = TRegister.Broadcast(a[aColumn]);
        TVector y2 = TRegister.Broadcast(a[2 * aColumn]), y3 = TRegister.Broadcast(a[3 * aColumn]);
        byte* b1 = b + bRow, b2 = b1 + bRow, b3 = b2 + bRow;
        float* second = sums + run;
        for (long i = 0; i < run; i += TRegister.Count)
        {
            long at = i * TElement.Size;
            if (ahead != 0 && at % 64 == 0) Prefetch(b + at, b1 + at, b2 + at, b3 + at, ahead);
            TVector x = TRegister.Load(sums + i), y = TRegister.Load(second + i), step = TRegister.Widen<TElement>(b + at);
            x = TRegister.MultiplyAdd(x0, step, x);
            y = TRegister.MultiplyAdd(y0, step, y);
            step = TRegister.Widen<TElement>(b1 + at);
            x = TRegister.MultiplyAdd(x1, step, x);
            y = TRegister.MultiplyAdd(y1, step, y);
            step = TRegister.Widen<TElement>(b2 + at);
            x = TRegister.MultiplyAdd(x2, step, x);
            y = TRegister.MultiplyAdd(y2, step, y);
            step = TRegister.Widen<TElement>(b3 + at);
            x = TRegister.MultiplyAdd(x3, step, x);
            y = TRegister.MultiplyAdd(y3, step, y);
            TRegister.Store(x, sums + i);
            TRegister.Store(y, second + i);
        }
    }

    [MethodImpl(Loop.OfItsOwn)]
    public static void AddOne(float a, byte* b, int run, float* sums)
    {
        TVector x = TRegister.Broadcast(a);
        for (long i = 0; i < run; i += TRegister.Count)
            TRegister.Store(TRegister.MultiplyAdd(x, TRegister.Widen<TElement>(b + i * TElement.Size), TRegister.Load(sums + i)), sums + i);
    }

    [MethodImpl(Loop.OfItsOwn)]
    public static void Widen(byte* source, int run, long ahead, float* widened)
    {
        for (long i = 0; i < run; i += TRegister.Count)
        {
            long at = i * TElement.Size;
            if (Sse.IsSupported && ahead != 0 && at % 64 == 0) Sse.Prefetch0(source + at + ahead);
            TRegister.Store(TRegister.Widen<TElement>(source + at), widened + i);
        }
    }

    /// <summary>Asks for what lies ahead in four rows of B or behind them: the processor's own look-out misses where a run ends.</summary>
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

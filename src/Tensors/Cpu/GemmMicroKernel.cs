using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The innermost loop of the matrix product: a tile of C that stays in registers while A and B stream by. A lies
/// packed as <c>[depth][6]</c>, B as <c>[depth][Columns]</c>. Every element of the tile is one chain of
/// multiply-adds over depth, starting from zero, then stored or added to C; so the bits do not depend on the tile.
/// </summary>
internal unsafe interface IMicroKernel
{
    /// <summary>Columns of the tile.</summary>
    static abstract int Columns { get; }

    /// <summary>Six rows.</summary>
    static abstract void Six(float* a, float* b, int depth, float* c, long cRow, bool add);

    /// <summary>The first of the six rows only, for products with a single row.</summary>
    static abstract void One(float* a, float* b, int depth, float* c, bool add);
}

/// <summary>
/// A tile two registers wide: 12 accumulators, two registers of B and one broadcast of A fit the 16 registers of
/// AVX2, and twelve independent chains hide the latency of the multiply-add.
/// </summary>
internal readonly unsafe struct MicroKernel<TRegister, TVector> : IMicroKernel
    where TRegister : struct, IRegister<TVector>
    where TVector : struct
{
    public static int Columns => 2 * TRegister.Count;

    [MethodImpl(Loop.OfItsOwn)]
    public static void Six(float* a, float* b, int depth, float* c, long cRow, bool add)
    {
        int w = TRegister.Count;
        Prefetch(c, cRow);
        long next = 6L * depth;
        TVector c00 = TRegister.Zero, c01 = TRegister.Zero, c10 = TRegister.Zero, c11 = TRegister.Zero;
        TVector c20 = TRegister.Zero, c21 = TRegister.Zero, c30 = TRegister.Zero, c31 = TRegister.Zero;
        TVector c40 = TRegister.Zero, c41 = TRegister.Zero, c50 = TRegister.Zero, c51 = TRegister.Zero;
        for (int k = 0; k < depth; k++)
        {
            if (Sse.IsSupported) Sse.Prefetch0(a + next); // the rows of the next tile, which lie behind these
            TVector b0 = TRegister.Load(b), b1 = TRegister.Load(b + w);
            TVector x = TRegister.Broadcast(a[0]);
            c00 = TRegister.MultiplyAdd(x, b0, c00);
            c01 = TRegister.MultiplyAdd(x, b1, c01);
            x = TRegister.Broadcast(a[1]);
            c10 = TRegister.MultiplyAdd(x, b0, c10);
            c11 = TRegister.MultiplyAdd(x, b1, c11);
            x = TRegister.Broadcast(a[2]);
            c20 = TRegister.MultiplyAdd(x, b0, c20);
            c21 = TRegister.MultiplyAdd(x, b1, c21);
            x = TRegister.Broadcast(a[3]);
            c30 = TRegister.MultiplyAdd(x, b0, c30);
            c31 = TRegister.MultiplyAdd(x, b1, c31);
            x = TRegister.Broadcast(a[4]);
            c40 = TRegister.MultiplyAdd(x, b0, c40);
            c41 = TRegister.MultiplyAdd(x, b1, c41);
            x = TRegister.Broadcast(a[5]);
            c50 = TRegister.MultiplyAdd(x, b0, c50);
            c51 = TRegister.MultiplyAdd(x, b1, c51);
            a += 6;
            b += 2 * w;
        }

        StoreRow(c00, c01, c, add);
        StoreRow(c10, c11, c + cRow, add);
        StoreRow(c20, c21, c + 2 * cRow, add);
        StoreRow(c30, c31, c + 3 * cRow, add);
        StoreRow(c40, c41, c + 4 * cRow, add);
        StoreRow(c50, c51, c + 5 * cRow, add);
    }

    public static void One(float* a, float* b, int depth, float* c, bool add) => One(a, b, Columns, depth, c, add);

    /// <summary>The same where a step of B has <paramref name="bRow"/> elements, of which these columns are a part.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    internal static void One(float* a, float* b, int bRow, int depth, float* c, bool add)
    {
        int w = TRegister.Count;
        TVector c0 = TRegister.Zero, c1 = TRegister.Zero;
        for (int k = 0; k < depth; k++)
        {
            TVector x = TRegister.Broadcast(a[6 * k]);
            c0 = TRegister.MultiplyAdd(x, TRegister.Load(b), c0);
            c1 = TRegister.MultiplyAdd(x, TRegister.Load(b + w), c1);
            b += bRow;
        }

        StoreRow(c0, c1, c, add);
    }

    /// <summary>Asks for the tile of C, so that it is there when the sums are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Prefetch(float* c, long cRow)
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < 6; row++)
        {
            Sse.Prefetch0(c + row * cRow);
            Sse.Prefetch0(c + row * cRow + 2 * TRegister.Count - 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreRow(TVector left, TVector right, float* c, bool add)
    {
        float* second = c + TRegister.Count;
        TRegister.Store(add ? TRegister.Add(TRegister.Load(c), left) : left, c);
        TRegister.Store(add ? TRegister.Add(TRegister.Load(second), right) : right, second);
    }
}

/// <summary>What the micro-kernel does with a register of floats.</summary>
internal unsafe interface IRegister<TVector> where TVector : struct
{
    static abstract int Count { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* destination);

    static abstract TVector Broadcast(float value);

    static abstract TVector Add(TVector x, TVector y);

    /// <summary>x·y + z.</summary>
    static abstract TVector MultiplyAdd(TVector x, TVector y, TVector z);
}

/// <summary>What loops that read stored elements where they lie do with it besides.</summary>
internal unsafe interface IWideningRegister<TVector> : IRegister<TVector> where TVector : struct
{
    /// <summary>Adjacent elements, as many as it has room for.</summary>
    static abstract TVector Widen<TElement>(byte* source) where TElement : struct, IElement;
}

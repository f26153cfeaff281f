using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// A tile four registers wide: 24 accumulators, four registers of B and one broadcast of A fit the 32 registers of AVX-512. Two wide, each
/// broadcast serves two multiply-adds only, and loads keep processors waiting that do two of these in a cycle.
/// </summary>
internal readonly unsafe struct WideMicroKernel<TRegister, TVector> : IMicroKernel
    where TRegister : struct, IRegister<TVector>
    where TVector : struct
{
    public static int Columns => 4 * TRegister.Count;

    [MethodImpl(Loop.OfItsOwn)]
    public static void Six(float* a, float* b, int depth, float* c, long cRow, bool add)
    {
        int w = TRegister.Count;
        MicroKernel<TRegister, TVector>.Prefetch(c, cRow);
        MicroKernel<TRegister, TVector>.Prefetch(c + 2 * w, cRow);
        long next = 6L * depth;
        TVector c00 = TRegister.Zero, c01 = TRegister.Zero, c02 = TRegister.Zero, c03 = TRegister.Zero;
        TVector c10 = TRegister.Zero, c11 = TRegister.Zero, c12 = TRegister.Zero, c13 = TRegister.Zero;
        TVector c20 = TRegister.Zero, c21 = TRegister.Zero, c22 = TRegister.Zero, c23 = TRegister.Zero;
        TVector c30 = TRegister.Zero, c31 = TRegister.Zero, c32 = TRegister.Zero, c33 = TRegister.Zero;
        TVector c40 = TRegister.Zero, c41 = TRegister.Zero, c42 = TRegister.Zero, c43 = TRegister.Zero;
        TVector c50 = TRegister.Zero, c51 = TRegister.Zero, c52 = TRegister.Zero, c53 = TRegister.Zero;
        for (int k = 0; k < depth; k++)
        {
            if (Sse.IsSupported) Sse.Prefetch0(a + next); // the rows of the next tile, which lie behind these
            TVector b0 = TRegister.Load(b), b1 = TRegister.Load(b + w), b2 = TRegister.Load(b + 2 * w), b3 = TRegister.Load(b + 3 * w);
            TVector x = TRegister.Broadcast(a[0]);
            c00 = TRegister.MultiplyAdd(x, b0, c00);
            c01 = TRegister.MultiplyAdd(x, b1, c01);
            c02 = TRegister.MultiplyAdd(x, b2, c02);
            c03 = TRegister.MultiplyAdd(x, b3, c03);
            x = TRegister.Broadcast(a[1]);
            c10 = TRegister.MultiplyAdd(x, b0, c10);
            c11 = TRegister.MultiplyAdd(x, b1, c11);
            c12 = TRegister.MultiplyAdd(x, b2, c12);
            c13 = TRegister.MultiplyAdd(x, b3, c13);
            x = TRegister.Broadcast(a[2]);
            c20 = TRegister.MultiplyAdd(x, b0, c20);
            c21 = TRegister.MultiplyAdd(x, b1, c21);
            c22 = TRegister.MultiplyAdd(x, b2, c22);
            c23 = TRegister.MultiplyAdd(x, b3, c23);
            x = TRegister.Broadcast(a[3]);
            c30 = TRegister.MultiplyAdd(x, b0, c30);
            c31 = TRegister.MultiplyAdd(x, b1, c31);
            c32 = TRegister.MultiplyAdd(x, b2, c32);
            c33 = TRegister.MultiplyAdd(x, b3, c33);
            x = TRegister.Broadcast(a[4]);
            c40 = TRegister.MultiplyAdd(x, b0, c40);
            c41 = TRegister.MultiplyAdd(x, b1, c41);
            c42 = TRegister.MultiplyAdd(x, b2, c42);
            c43 = TRegister.MultiplyAdd(x, b3, c43);
            x = TRegister.Broadcast(a[5]);
            c50 = TRegister.MultiplyAdd(x, b0, c50);
            c51 = TRegister.MultiplyAdd(x, b1, c51);
            c52 = TRegister.MultiplyAdd(x, b2, c52);
            c53 = TRegister.MultiplyAdd(x, b3, c53);
            a += 6;
            b += 4 * w;
        }

        Store(c00, c01, c02, c03, c, add);
        Store(c10, c11, c12, c13, c + cRow, add);
        Store(c20, c21, c22, c23, c + 2 * cRow, add);
        Store(c30, c31, c32, c33, c + 3 * cRow, add);
        Store(c40, c41, c42, c43, c + 4 * cRow, add);
        Store(c50, c51, c52, c53, c + 5 * cRow, add);
    }

    public static void One(float* a, float* b, int depth, float* c, bool add)
    {
        int half = MicroKernel<TRegister, TVector>.Columns;
        MicroKernel<TRegister, TVector>.One(a, b, Columns, depth, c, add);
        MicroKernel<TRegister, TVector>.One(a, b + half, Columns, depth, c + half, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector c0, TVector c1, TVector c2, TVector c3, float* c, bool add)
    {
        MicroKernel<TRegister, TVector>.StoreRow(c0, c1, c, add);
        MicroKernel<TRegister, TVector>.StoreRow(c2, c3, c + 2 * TRegister.Count, add);
    }
}

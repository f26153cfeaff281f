using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// The product as it is defined, one thread for each element of C: what the fast kernels are checked
/// against, and for any strides.
/// </summary>
internal static class GemmPlainKernels
{
    [Kernel]
    public static void Run<TStored>(GemmArguments g) where TStored : struct, IStored
    {
        long perMatrix = (long)g.M * g.N;
        for (long i = GridRange.First; i < g.Matrices * perMatrix; i += GridRange.Step)
        {
            int matrix = (int)(i / perMatrix), row = (int)(i % perMatrix / g.N), column = (int)(i % g.N);
            long a = g.A.Starts[matrix], b = g.B.Starts[matrix];
            ref float c = ref g.C.Data[g.C.Starts[matrix] + row * (long)g.C.RowStride + column * (long)g.C.ColumnStride];
            float total = g.Accumulate != 0 ? c : 0;
            for (int first = 0; first < g.K; first += GemmArguments.Chain)
            {
                float sum = 0;
                int end = Math.Min(g.K, first + GemmArguments.Chain);
                for (int k = first; k < end; k++) sum += g.A.At<StoredF32>(a, k, row) * g.B.At<TStored>(b, k, column);
                total += sum;
            }

            c = total;
        }
    }

    /// <summary>C (+)= the sums of all chains, where the groups of a tile have left them in rows of their own.</summary>
    [Kernel]
    public static void AddChains(ChainArguments s)
    {
        long perMatrix = (long)s.M * s.N;
        for (long i = GridRange.First; i < s.Matrices * perMatrix; i += GridRange.Step)
        {
            int matrix = (int)(i / perMatrix);
            long within = i % perMatrix;
            ref float c = ref s.C.Data[s.C.Starts[matrix] + within / s.N * s.C.RowStride + within % s.N * s.C.ColumnStride];
            float total = s.Accumulate != 0 ? c : 0;
            for (int chain = 0; chain < s.Chains; chain++) total += s.Sums[((long)matrix * s.Chains + chain) * perMatrix + within];
            c = total;
        }
    }
}

/// <summary>Sums of chains <c>[Matrices,Chains,M,N]</c> and what they add up to.</summary>
internal readonly record struct ChainArguments(ArrayView<float> Sums, GemmTarget C, int Matrices, int Chains, int M, int N, int Accumulate);

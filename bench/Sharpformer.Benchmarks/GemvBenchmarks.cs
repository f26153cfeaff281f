using BenchmarkDotNet.Attributes;
using Sharpformer.Tensors;

namespace Sharpformer.Benchmarks;

/// <summary>
/// One row times weights, as decoding does it: [1,K]·[K,N]. The weights come from memory, not from a cache: there are several matrices
/// in turn, 256 MB of them or at least three.
/// </summary>
public class GemvBenchmarks
{
    private Tensor a = null!, c = null!;
    private MatrixView[] weights = null!;
    private int next;

    /// <summary>K, N: the MLP of the 124M model, of GPT-2 XL and of GPT-J.</summary>
    [Params("768x3072", "1600x6400", "4096x16384")]
    public string Extents { get; set; } = "";

    /// <summary>Whether the matrix is stored [N,K], as a token table or a matrix of GPT-Neo and GPT-J is.</summary>
    [Params(false, true)]
    public bool Transposed { get; set; }

    /// <summary>F32 weights.</summary>
    [Benchmark(Baseline = true)]
    public void F32() => Multiply();

    /// <summary>F16 weights.</summary>
    [Benchmark]
    public void F16() => Multiply();

    /// <summary>Q8 weights.</summary>
    [Benchmark]
    public void Q8() => Multiply();

    /// <summary>Makes F32 operands.</summary>
    [GlobalSetup(Target = nameof(F32))]
    public void SetupF32() => Setup(DType.F32);

    /// <summary>Makes F16 operands.</summary>
    [GlobalSetup(Target = nameof(F16))]
    public void SetupF16() => Setup(DType.F16);

    /// <summary>Makes Q8 operands.</summary>
    [GlobalSetup(Target = nameof(Q8))]
    public void SetupQ8() => Setup(DType.Q8);

    private void Setup(DType dtype)
    {
        int[] extents = Array.ConvertAll(Extents.Split('x'), int.Parse);
        (int k, int n) = (extents[0], extents[1]);
        (a, c) = (Operands.Random(1, k), Operands.Random(1, n));
        long copies = Math.Max(3, (256L << 20) / ((long)k * n * dtype.Size()));
        weights = new MatrixView[copies];
        for (int i = 0; i < copies; i++)
            weights[i] = Transposed ? MatrixView.Of(Operands.RandomWeights(dtype, n, k)).Transposed : Operands.RandomWeights(dtype, k, n);
    }

    private void Multiply() => Operands.Device.Gemm(a, weights[next = (next + 1) % weights.Length], c);
}

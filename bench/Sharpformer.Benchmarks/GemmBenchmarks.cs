using BenchmarkDotNet.Attributes;
using Sharpformer.Tensors;

namespace Sharpformer.Benchmarks;

/// <summary>Matrix products with stored weights: [M,K]·[K,N].</summary>
public class GemmBenchmarks
{
    private Tensor a = null!, b = null!, c = null!;

    /// <summary>M, N, K: the MLP of the 124M model for 64 prompts, up and down, and a square.</summary>
    [Params("1248x3072x768", "1248x768x3072", "2304x2304x2304")]
    public string Extents { get; set; } = "";

    /// <summary>How the weights are stored.</summary>
    [Params(DType.F32, DType.F16)]
    public DType Weights { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        int[] extents = Array.ConvertAll(Extents.Split('x'), int.Parse);
        (int m, int n, int k) = (extents[0], extents[1], extents[2]);
        (a, b, c) = (Operands.Random(m, k), Operands.RandomWeights(Weights, k, n), Operands.Random(m, n));
    }

    /// <summary>C = A·B.</summary>
    [Benchmark]
    public void Gemm() => Operands.Device.Gemm(a, b, c);
}

/// <summary>Products with few rows, as decoding and the retrofit do: [M,768]·[768,3072].</summary>
public class SkinnyGemmBenchmarks
{
    private Tensor a = null!, b = null!, c = null!;

    /// <summary>Rows.</summary>
    [Params(1, 2, 4, 6, 8, 16)]
    public int M { get; set; }

    /// <summary>How the weights are stored.</summary>
    [Params(DType.F32, DType.F16)]
    public DType Weights { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup() => (a, b, c) = (Operands.Random(M, 768), Operands.RandomWeights(Weights, 768, 3072), Operands.Random(M, 3072));

    /// <summary>C = A·B.</summary>
    [Benchmark]
    public void Gemm() => Operands.Device.Gemm(a, b, c);
}

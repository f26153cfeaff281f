using BenchmarkDotNet.Attributes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Benchmarks;

/// <summary>Factoring a second moment [M,M] in float64, M³/3 floating-point operations, and solving with it.</summary>
public class CholeskyBenchmarks
{
    private SymmetricMatrix matrix = null!;
    private Cholesky cholesky = null!;
    private double[] rightHandSide = null!, plain = null!;

    /// <summary>Rows and columns: the MLP inner size of the bundled model and of the 124M model.</summary>
    [Params(1024, 3072)]
    public int M { get; set; }

    /// <summary>Makes the matrix.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var moment = new SecondMoment(M);
        moment.Add(Operands.Random(256, M).ToArray(), Operands.Device);
        matrix = moment.Mean(0.1);
        cholesky = Cholesky.Factor(matrix, Operands.Device);
        rightHandSide = new double[M];
        Array.Fill(rightHandSide, 1);
        plain = new double[M * M];
    }

    /// <summary>A = L·Lᵀ, blocked, on all processors.</summary>
    [Benchmark]
    public Cholesky Factor() => Cholesky.Factor(matrix, Operands.Device);

    /// <summary>The same as the textbook has it: three loops along rows.</summary>
    [Benchmark(Baseline = true)]
    public double[] TripleLoop()
    {
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[i, j];
                for (int k = 0; k < j; k++) sum -= plain[i * M + k] * plain[j * M + k];
                plain[i * M + j] = i == j ? Math.Sqrt(sum) : sum / plain[j * M + j];
            }
        }

        return plain;
    }

    /// <summary>A·x = b once factored: 2·M² operations, bound by memory.</summary>
    [Benchmark]
    public double[] Solve() => cholesky.Solve(rightHandSide);
}

/// <summary>Adding a tile of 256 rows to a second moment [M,M], 256·M² operations in float64, beside all of KᵀK in float32.</summary>
public class SecondMomentBenchmarks
{
    private const int Rows = 256;
    private Tensor vectors = null!, product = null!;
    private float[] tile = null!;
    private SecondMoment moment = null!;

    /// <summary>Length of a row.</summary>
    [Params(1024, 3072)]
    public int M { get; set; }

    /// <summary>Makes the tile.</summary>
    [GlobalSetup]
    public void Setup()
    {
        (vectors, product, moment) = (Operands.Random(Rows, M), Operands.Random(M, M), new SecondMoment(M));
        tile = vectors.ToArray();
    }

    /// <summary>C += Σ k·kᵀ, its lower triangle in float64.</summary>
    [Benchmark]
    public void Add() => moment.Add(tile, Operands.Device);

    /// <summary>Twice the operations, in float32.</summary>
    [Benchmark(Baseline = true)]
    public void GemmFloat32() => Operands.Device.Gemm(MatrixView.Of(vectors).Transposed, vectors, product);
}

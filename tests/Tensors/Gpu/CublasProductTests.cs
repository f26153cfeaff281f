using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors.Gpu;

/// <summary>What cuBLAS is asked for, done by a plain loop that reads the arguments as its documentation does.</summary>
public sealed class CublasProductTests
{
    private static readonly CpuDevice Cpu = new(1);

    [Theory]
    [InlineData(5, 7, 3)]
    [InlineData(1, 7, 3)]
    [InlineData(5, 1, 3)]
    [InlineData(5, 7, 1)]
    [InlineData(1, 1, 1)]
    public void Any_transposition_is_the_plain_product(int m, int n, int k)
    {
        foreach (bool turnA in (bool[])[false, true])
            foreach (bool turnB in (bool[])[false, true])
                foreach (bool accumulate in (bool[])[false, true])
                    SameAsPlain(Matrix(m, k, turnA), Matrix(k, n, turnB), Matrix(m, n, turned: false), accumulate);

        static MatrixView Matrix(int rows, int columns, bool turned) => turned
            ? MatrixView.Of(Tensor(columns, rows)).Transposed
            : MatrixView.Of(Tensor(rows, columns));
    }

    [Fact]
    public void Parts_of_wider_rows_and_both_levels_of_a_batch_are_the_plain_product()
    {
        const int Batch = 2, T = 5, Heads = 3, Size = 4, Width = Heads * Size;
        Tensor qkv = Tensor(Batch, T, 3 * Width), scores = Tensor(Batch, Heads, T, T);
        MatrixView q = Head(0), keys = Head(Width).Transposed, v = Head(2 * Width);
        var all = new MatrixView(scores, 0, T, T, T, 1, Batch, Heads * T * T, Heads, T * T);
        var joined = new MatrixView(Tensor(Batch, T, Width), 0, T, Size, Width, 1, Batch, T * Width, Heads, Size);
        SameAsPlain(q, keys, all, accumulate: false); // interleaved heads
        SameAsPlain(all, v, joined, accumulate: false);
        SameAsPlain(all.Transposed, v, joined, accumulate: true);
        SameAsPlain(One(q), One(keys), One(all), accumulate: false); // outer level alone: one call
        Assert.Equal((Batch, Heads), Shape(CublasProduct.Of(q, keys, all)));
        Assert.Equal((1, Batch), Shape(CublasProduct.Of(One(q), One(keys), One(all))));

        MatrixView Head(int first) => new(qkv, first, T, Size, 3 * Width, 1, Batch, T * 3 * Width, Heads, Size);
        static MatrixView One(MatrixView view) => view with { Inner = 1 };
        static (int Loops, int Batch) Shape(CublasProduct? product) => (product!.Value.Loops, product.Value.Batch);
    }

    [Fact]
    public void What_cuBLAS_cannot_be_asked_for_is_left_to_other_kernels()
    {
        Tensor x = Tensor(6, 6);
        Assert.Null(CublasProduct.Of(x, x, MatrixView.Of(x).Transposed));
        var sliding = new MatrixView(x, 0, 6, 6, 1, 1); // every row begins one element later
        Assert.Null(CublasProduct.Of(sliding, x, x));
        Assert.Null(CublasProduct.Of(x, sliding, x));
        Assert.Null(CublasProduct.Of(x, sliding with { RowStride = 0 }, x));
    }

    private static void SameAsPlain(MatrixView a, MatrixView b, MatrixView c, bool accumulate)
    {
        CublasProduct product = Assert.NotNull(CublasProduct.Of(a, b, c));
        float[] asked = c.Tensor.ToArray();
        Sgemm(product, a.Tensor.ToArray(), b.Tensor.ToArray(), asked, accumulate ? 1 : 0);
        Cpu.Gemm(a, b, c, accumulate); // leaves other elements alone, as has the loop
        float[] plain = c.Tensor.ToArray();
        for (int i = 0; i < plain.Length; i++) Devices.Close(plain[i], asked[i], 1e-4, $"{a}·{b} element {i}");
    }

    // cublasSgemmStridedBatched, one call for each turn of the loop: column by column, op(X) is X or its transpose.
    private static void Sgemm(in CublasProduct p, float[] a, float[] b, float[] c, float beta)
    {
        // Its documentation demands lda ≥ max(1, m) or k, ldb ≥ max(1, k) or n, ldc ≥ max(1, m).
        Assert.True(p.First.Lead >= (p.First.Transposed ? p.K : p.M), $"{p}");
        Assert.True(p.Second.Lead >= (p.Second.Transposed ? p.N : p.K), $"{p}");
        Assert.True(p.Result.Lead >= p.M, $"{p}");
        for (int loop = 0; loop < p.Loops; loop++)
        {
            for (int batch = 0; batch < p.Batch; batch++)
            {
                for (int column = 0; column < p.N; column++)
                {
                    for (int row = 0; row < p.M; row++)
                    {
                        double sum = 0;
                        for (int l = 0; l < p.K; l++) sum += (double)b[At(p.First, row, l)] * a[At(p.Second, l, column)];
                        ref float to = ref c[At(p.Result, row, column)];
                        to = (float)(sum + beta * to);
                    }
                }

                long At(in CublasMatrix x, int row, int column) =>
                    x.Start(loop) + batch * x.BatchStride + (x.Transposed ? row * (long)x.Lead + column : row + column * (long)x.Lead);
            }
        }
    }

    private static Tensor Tensor(params int[] dims) =>
        Cpu.From(Devices.Values(dims.Aggregate(1L, (x, y) => x * y), dims.Length + dims[^1]), dims);
}

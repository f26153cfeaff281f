using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Tests.Tensors.LinearAlgebra;

public sealed class RowProductsTests : IDisposable
{
    private readonly CpuDevice device = new(2);

    public void Dispose() => device.Dispose();

    public static TheoryData<int, int> Sizes =>
        new() { { 1, 1 }, { 2, 5 }, { 11, 239 }, { 12, 240 }, { 13, 241 }, { 30, 500 }, { 260, 37 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_symmetric_part_is_that_of_plain_sums(int rows, int length)
    {
        float[][] a = Rows(rows, length, 1), b = Rows(rows, length, 2);
        SymmetricMatrix actual = RowProducts.SymmetricPart(a, b, device);
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double expected = 0;
                for (int k = 0; k < length; k++) expected += 0.5 * ((double)a[i][k] * b[j][k] + (double)b[i][k] * a[j][k]);
                Assert.Equal(expected, actual[i, j], 1e-13 * length);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_combination_is_that_of_plain_sums_in_both_layouts(int rows, int length)
    {
        const int Columns = 17;
        float[][] a = Rows(rows, length, 3);
        double[] x = [.. Rows(Columns, rows, 4).SelectMany(row => row.Select(value => (double)value))];
        float[] product = RowProducts.Combine(a, x, transposed: false, device);
        float[] transposed = RowProducts.Combine(a, x, transposed: true, device);
        for (int i = 0; i < length; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                double expected = 0, scale = 0;
                for (int k = 0; k < rows; k++) expected += a[k][i] * x[j * rows + k];
                for (int k = 0; k < rows; k++) scale += Math.Abs(a[k][i] * x[j * rows + k]);
                Assert.Equal(expected, product[i * Columns + j], 1e-7 * scale);
                Assert.Equal(product[i * Columns + j], transposed[j * length + i]);
            }
        }
    }

    [Fact]
    public void Neither_threads_nor_more_rows_change_a_bit()
    {
        float[][] a = Rows(40, 700, 5), b = Rows(40, 700, 6);
        using var one = new CpuDevice(1);
        SymmetricMatrix all = RowProducts.SymmetricPart(a, b, device), alone = RowProducts.SymmetricPart(a[..15], b[..15], one);
        for (int i = 0; i < 15; i++)
            for (int j = 0; j <= i; j++) Assert.Equal(all[i, j], alone[i, j]);
        double[] x = [.. Rows(3, 40, 7).SelectMany(row => row.Select(value => (double)value))];
        Assert.Equal(RowProducts.Combine(a, x, false, device), RowProducts.Combine(a, x, false, one));
    }

    [Fact]
    public void A_factors_beginning_is_that_of_the_first_rows_and_columns()
    {
        float[][] a = Rows(200, 300, 8);
        SymmetricMatrix all = RowProducts.SymmetricPart(a, a, device), first = RowProducts.SymmetricPart(a[..150], a[..150], device);
        double[] b = [.. Rows(2, 150, 9).SelectMany(row => row.Select(value => (double)value))];
        Cholesky factor = Cholesky.Factor(all, device, ridge: 0.5);
        Assert.Equal(Cholesky.Factor(first, device, ridge: 0.5).Solve(b), factor.Solve(b, leading: 150));
        Assert.Throws<ArgumentOutOfRangeException>(() => factor.Solve(b, leading: 201));
        Assert.True(factor.ConditionAtLeast() > 1);
    }

    [Fact]
    public void Rows_that_do_not_go_together_are_refused()
    {
        Assert.Throws<ArgumentException>(() => RowProducts.SymmetricPart([], [], device));
        Assert.Throws<ArgumentException>(() => RowProducts.SymmetricPart([[1, 2]], [[1, 2], [3, 4]], device));
        Assert.Throws<ArgumentException>(() => RowProducts.SymmetricPart([[1, 2]], [[1]], device));
        Assert.Throws<ArgumentException>(() => RowProducts.Combine([[1, 2], [1]], [1, 2], false, device));
        Assert.Throws<ArgumentException>(() => RowProducts.Combine([[1, 2], [3, 4]], [1, 2, 3], false, device));
    }

    private static float[][] Rows(int count, int length, ulong seed)
    {
        var rng = new Rng(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, length).Select(_ => (float)rng.NextNormal()).ToArray())];
    }
}

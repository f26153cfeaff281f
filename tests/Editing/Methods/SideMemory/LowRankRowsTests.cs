using Sharpformer.Editing.Methods.SideMemory;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Tests.Editing.Methods.SideMemory;

/// <summary>A matrix as a product of two, against what the eigenvalues say is possible.</summary>
public sealed class LowRankRowsTests : IDisposable
{
    private const int Rows = 60, Columns = 40;

    private readonly CpuDevice device = new(threads: 1);

    public void Dispose() => device.Dispose();

    [Fact]
    public void A_matrix_of_the_rank_comes_back()
    {
        float[] matrix = Matrix(rank: 3, noise: 0);
        Assert.InRange(Error(matrix, 3), 0, 1e-5 * Norm(matrix));
        Assert.InRange(Error(matrix, 5), 0, 1e-5 * Norm(matrix)); // which has more than there is
        Assert.InRange(Error(matrix, 2), 1e-2 * Norm(matrix), Norm(matrix));
        Assert.Equal(0, Error(new float[Rows * Columns], 4));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(20)]
    public void The_error_is_hardly_more_than_the_least_that_is_possible(int rank)
    {
        float[] matrix = Matrix(rank: 6, noise: 0.3);
        var gram = new SymmetricMatrix(Columns);
        for (int i = 0; i < Columns; i++)
            for (int j = 0; j <= i; j++)
                gram[i, j] = Enumerable.Range(0, Rows).Sum(r => (double)matrix[(r * Columns) + i] * matrix[(r * Columns) + j]);
        double least = Math.Sqrt(SymmetricEigen.Of(gram, device).Values.OrderDescending().Skip(rank).Sum());
        Assert.InRange(Error(matrix, rank) / least, 1 - 1e-4, 1.02);
    }

    [Fact]
    public void A_product_is_only_worth_it_where_it_has_fewer_numbers()
    {
        Assert.False(LowRankRows.Saves(0, 60, 40));
        Assert.True(LowRankRows.Saves(23, 60, 40));
        Assert.False(LowRankRows.Saves(24, 60, 40));
    }

    private double Error(float[] matrix, int rank)
    {
        using BufferScope scope = device.Scope();
        LowRankRows found = LowRankRows.Of(device.From(matrix, Rows, Columns), rank);
        double sum = 0;
        for (int r = 0; r < Rows; r++)
        {
            for (int c = 0; c < Columns; c++)
            {
                double product = Enumerable.Range(0, rank).Sum(i => (double)found.Left[(r * rank) + i] * found.Right[(i * Columns) + c]);
                sum += Math.Pow(matrix[(r * Columns) + c] - product, 2);
            }
        }

        return Math.Sqrt(sum);
    }

    private static double Norm(float[] x) => Math.Sqrt(x.Sum(v => (double)v * v));

    private static float[] Matrix(int rank, double noise)
    {
        var rng = new Rng(3);
        double[] left = [.. Enumerable.Range(0, Rows * rank).Select(_ => rng.NextNormal())];
        double[] right = [.. Enumerable.Range(0, rank * Columns).Select(_ => rng.NextNormal())];
        float[] matrix = new float[Rows * Columns];
        for (int i = 0; i < matrix.Length; i++)
        {
            int r = i / Columns, c = i % Columns;
            double product = Enumerable.Range(0, rank).Sum(k => left[(r * rank) + k] * right[(k * Columns) + c]);
            matrix[i] = (float)(product + (noise * rng.NextNormal()));
        }

        return matrix;
    }
}

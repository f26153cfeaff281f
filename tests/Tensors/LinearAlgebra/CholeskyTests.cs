using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Tests.Tensors.LinearAlgebra;

public sealed class CholeskyTests : IDisposable
{
    private readonly CpuDevice device = new(2);

    public void Dispose() => device.Dispose();

    public static TheoryData<int> Sizes => [.. Enumerable.Range(1, 70), 129, 143, 144, 145, 155, 156, 157, 288, 300];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_factor_times_its_transpose_is_the_matrix(int size)
    {
        SymmetricMatrix matrix = PositiveDefinite(size);
        Cholesky cholesky = Cholesky.Factor(matrix, device);
        Assert.Equal(size, cholesky.Size);
        double norm = matrix.Trace();
        for (int i = 0; i < size; i++)
        {
            Assert.True(cholesky[i, i] > 0);
            for (int j = 0; j <= i; j++)
            {
                double product = 0;
                for (int k = 0; k <= j; k++) product += cholesky[i, k] * cholesky[j, k];
                Assert.InRange(product - matrix[i, j], -1e-12 * matrix[i, i], 1e-12 * matrix[i, i]);
                if (j < i) Assert.Equal(0, cholesky[j, i]);
            }
        }

        Assert.Equal(norm, matrix.Trace()); // A copy was factored.
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Solutions_leave_no_residual_and_are_the_same_alone(int size)
    {
        SymmetricMatrix matrix = PositiveDefinite(size);
        Cholesky cholesky = Cholesky.Factor(matrix, device);
        const int Count = 6;
        double[] b = Numbers(7, Count * size);
        double[] x = cholesky.Solve(b);
        for (int n = 0; n < Count; n++)
        {
            double[] mine = x[(n * size)..((n + 1) * size)];
            Assert.Equal(mine, cholesky.Solve(b.AsSpan(n * size, size)));
            for (int i = 0; i < size; i++)
            {
                double residual = -b[n * size + i], scale = Math.Abs(residual);
                for (int j = 0; j < size; j++)
                {
                    residual += matrix[i, j] * mine[j];
                    scale += Math.Abs(matrix[i, j] * mine[j]);
                }

                Assert.InRange(Math.Abs(residual), 0, 1e-12 * scale);
            }
        }
    }

    [Theory]
    [InlineData(70)]
    [InlineData(145)]
    [InlineData(600)]
    public void Any_number_of_threads_gives_the_bits_of_one(int size)
    {
        SymmetricMatrix matrix = PositiveDefinite(size);
        double[] b = Numbers(3, 9 * size);
        using var single = new CpuDevice(1);
        Cholesky expected = Cholesky.Factor(matrix, single);
        double[] solutions = expected.Solve(b);
        foreach (int threads in new[] { 2, 3, 8 })
        {
            using var several = new CpuDevice(threads);
            Cholesky cholesky = Cholesky.Factor(matrix, several);
            Assert.Equal(Elements(expected), Elements(cholesky));
            Assert.Equal(solutions, cholesky.Solve(b));
        }
    }

    [Fact]
    public void A_known_factor_comes_out()
    {
        var matrix = new SymmetricMatrix(3);
        (matrix[0, 0], matrix[0, 1], matrix[2, 0]) = (4, 12, -16);
        (matrix[1, 1], matrix[1, 2], matrix[2, 2]) = (37, -43, 98);
        Cholesky cholesky = Cholesky.Factor(matrix, device);
        Assert.Equal([2, 0, 0, 6, 1, 0, -8, 5, 3], Elements(cholesky));
        Assert.Equal([1, 1, 1], cholesky.Solve([0, 6, 39]));
        Assert.Empty(cholesky.Solve([]));
    }

    [Theory]
    [InlineData(1, 0, 0.0)]
    [InlineData(5, 4, -1.0)]
    [InlineData(150, 147, 0.0)]
    [InlineData(150, 12, double.NaN)]
    [InlineData(150, 149, double.PositiveInfinity)]
    public void What_is_not_positive_definite_is_refused_with_the_pivot(int size, int index, double value)
    {
        var matrix = new SymmetricMatrix(size);
        for (int i = 0; i < size; i++) matrix[i, i] = i == index ? value : 1;
        var error = Assert.Throws<InputException>(() => Cholesky.Factor(matrix, device));
        Assert.StartsWith(
            FormattableString.Invariant($"The matrix [{size},{size}] is not positive definite: ")
                + FormattableString.Invariant($"pivot {index}, counted from 0, is {value:g6}, expected "),
            error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("half as many rows as columns")]
    [InlineData("the last component a copy of the first")]
    [InlineData("the last component never active")]
    public void A_singular_second_moment_is_refused_though_rounding_may_leave_a_tiny_pivot_and_a_ridge_mends_it(string cause)
    {
        for (int size = 2; size <= 160; size += size < 20 ? 1 : 7)
        {
            float[] vectors = SecondMomentTests.Vectors(size, cause.StartsWith("half", StringComparison.Ordinal) ? size / 2 : 2 * size);
            for (int last = size - 1; last < vectors.Length; last += size)
            {
                if (cause.EndsWith("first", StringComparison.Ordinal)) vectors[last] = vectors[last - size + 1];
                if (cause.EndsWith("active", StringComparison.Ordinal)) vectors[last] = 0;
            }

            var moment = new SecondMoment(size);
            moment.Add(vectors, device);
            Assert.Throws<InputException>(() => Cholesky.Factor(moment.Mean(), device));
            Assert.Equal(size, Cholesky.Factor(moment.Mean(SecondMoment.DefaultRidge), device).Size);
        }
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SymmetricMatrix(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SymmetricMatrix(SymmetricMatrix.MaxSize + 1));
        SymmetricMatrix matrix = PositiveDefinite(3);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix[0, 3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix[-1, 0]);
        Cholesky cholesky = Cholesky.Factor(matrix, device);
        Assert.Throws<ArgumentOutOfRangeException>(() => cholesky[0, 3]);
        Assert.Throws<ArgumentException>(() => cholesky.Solve([1, 2, 3, 4]));
    }

    /// <summary>B·Bᵀ/m + I/10 of random B.</summary>
    private static SymmetricMatrix PositiveDefinite(int size)
    {
        double[] b = Numbers(size, size * size);
        var matrix = new SymmetricMatrix(size);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int k = 0; k < size; k++) sum += b[i * size + k] * b[j * size + k];
                matrix[i, j] = sum / size;
            }
        }

        matrix.AddToDiagonal(0.1);
        return matrix;
    }

    private static double[] Numbers(int seed, int count)
    {
        var rng = new Rng((ulong)seed);
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) numbers[i] = 2 * rng.NextDouble() - 1;
        return numbers;
    }

    private static double[] Elements(Cholesky cholesky)
    {
        double[] elements = new double[cholesky.Size * cholesky.Size];
        for (int i = 0; i < elements.Length; i++) elements[i] = cholesky[i / cholesky.Size, i % cholesky.Size];
        return elements;
    }
}

using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Tests.Tensors.LinearAlgebra;

public sealed class SymmetricEigenTests : IDisposable
{
    private readonly CpuDevice device = new(2);

    public void Dispose() => device.Dispose();

    public static TheoryData<int> Sizes => [.. Enumerable.Range(1, 40), 63, 64, 65, 130];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Vectors_are_at_right_angles_and_the_matrix_only_scales_them(int size)
    {
        SymmetricMatrix matrix = Random(size, seed: 1);
        SymmetricEigen eigen = SymmetricEigen.Of(matrix, device);
        double[] vectors = eigen.Vectors(size);
        Assert.Equal(eigen.Values.Order(), eigen.Values);
        Assert.Equal(matrix.Trace(), eigen.Values.Sum(), 1e-12 * size);
        for (int a = 0; a < size; a++)
        {
            for (int i = 0; i < size; i++)
            {
                double product = 0;
                for (int j = 0; j < size; j++) product += matrix[i, j] * vectors[a * size + j];
                Assert.Equal(eigen.Values[a] * vectors[a * size + i], product, 1e-12 * size);
            }

            for (int b = 0; b <= a; b++)
            {
                double dot = 0;
                for (int i = 0; i < size; i++) dot += vectors[a * size + i] * vectors[b * size + i];
                Assert.Equal(a == b ? 1 : 0, dot, 1e-12);
            }
        }
    }

    [Fact]
    public void The_smallest_ones_can_be_had_alone()
    {
        SymmetricEigen eigen = SymmetricEigen.Of(Random(50, seed: 2), device);
        Assert.Equal(eigen.Vectors(50)[..(7 * 50)], eigen.Vectors(7));
        Assert.Empty(eigen.Vectors(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => eigen.Vectors(51));
    }

    [Fact]
    public void Known_eigenvalues_come_out_also_where_several_are_one()
    {
        var matrix = new SymmetricMatrix(40); // v·vᵀ + 2·I
        for (int i = 0; i < 40; i++)
            for (int j = 0; j <= i; j++) matrix[i, j] = (i + 1) * (j + 1) / 100.0 + (i == j ? 2 : 0);
        double largest = Enumerable.Range(1, 40).Sum(i => i * i / 100.0) + 2;
        SymmetricEigen eigen = SymmetricEigen.Of(matrix, device);
        Assert.All(eigen.Values.Take(39), value => Assert.Equal(2, value, 1e-12 * largest));
        Assert.Equal(largest, eigen.Values[39], 1e-12 * largest);
        double[] vectors = eigen.Vectors(39);
        for (int a = 0; a < 39; a++) // all of them at right angles to v
            Assert.Equal(0, Enumerable.Range(0, 40).Sum(i => vectors[a * 40 + i] * (i + 1)), 1e-10);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1e-160)]
    [InlineData(1e150)]
    public void Diagonal_zero_tiny_and_huge_matrices_are_no_special_case(double scale)
    {
        var matrix = new SymmetricMatrix(9);
        for (int i = 0; i < 9; i++) matrix[i, i] = scale * ((i * 4) % 9);
        SymmetricEigen eigen = SymmetricEigen.Of(matrix, device);
        Assert.Equal(Enumerable.Range(0, 9).Select(i => scale * i), eigen.Values);
        Assert.Equal(scale == 0 ? 0 : 1, Math.Abs(eigen.Vectors(2)[9 + 7])); // 4·7 is 1 more than 27

        SymmetricMatrix full = Random(9, seed: 3);
        double[] expected = [.. SymmetricEigen.Of(full, device).Values];
        for (int i = 0; i < 9; i++)
            for (int j = 0; j <= i; j++) full[i, j] *= scale;
        foreach ((double e, double actual) in expected.Zip(SymmetricEigen.Of(full, device).Values))
            Assert.Equal(e * scale, actual, 1e-12 * scale);
    }

    [Theory]
    [InlineData(45)]
    [InlineData(300)]
    public void Any_number_of_threads_gives_the_bits_of_one(int size)
    {
        SymmetricMatrix matrix = Random(size, seed: 4);
        using var single = new CpuDevice(1);
        SymmetricEigen expected = SymmetricEigen.Of(matrix, single);
        foreach (int threads in new[] { 2, 5 })
        {
            using var several = new CpuDevice(threads);
            SymmetricEigen actual = SymmetricEigen.Of(matrix, several);
            Assert.Equal(expected.Values, actual.Values);
            Assert.Equal(expected.Vectors(size / 3), actual.Vectors(size / 3));
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_is_no_number_is_refused(double value)
    {
        SymmetricMatrix matrix = Random(20, seed: 5);
        matrix[11, 3] = value;
        var error = Assert.Throws<InputException>(() => SymmetricEigen.Of(matrix, device));
        Assert.Contains("[20,20]", error.Message, StringComparison.Ordinal);
    }

    private static SymmetricMatrix Random(int size, ulong seed)
    {
        var rng = new Rng(seed);
        var matrix = new SymmetricMatrix(size);
        for (int i = 0; i < size; i++)
            for (int j = 0; j <= i; j++) matrix[i, j] = rng.NextNormal();
        return matrix;
    }
}

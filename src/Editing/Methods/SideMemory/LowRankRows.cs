using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.SideMemory;

/// <summary>
/// A matrix as the product of a tall and a wide one, nearly the best there is of a rank: subspace iteration, which needs nothing but
/// products, where a decomposition of a large model's matrix takes minutes.
/// </summary>
/// <param name="Left"><c>[rows,rank]</c>.</param>
/// <param name="Right"><c>[rank,columns]</c>.</param>
internal sealed record LowRankRows(float[] Left, float[] Right)
{
    private const int Rounds = 8;

    /// <summary>Whether a product of a rank has fewer numbers than the matrix; a rank of 0 is the whole matrix.</summary>
    public static bool Saves(int rank, int rows, int columns) => rank > 0 && (long)rank * (rows + columns) < (long)rows * columns;

    /// <summary>Finds the two.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="rank">The rank, below both of its extents.</param>
    public static LowRankRows Of(Tensor matrix, int rank)
    {
        Device device = matrix.Device;
        using BufferScope scope = device.Scope();
        int columns = matrix.Columns;
        var rng = new Rng(0); // where the search begins hardly matters to where it ends
        float[] basis = new float[rank * columns]; // rows are unit vectors
        for (int i = 0; i < basis.Length; i++) basis[i] = (float)rng.NextNormal();
        Orthonormalise(basis, rank, columns);
        for (int round = 0; round < Rounds; round++)
        {
            using BufferScope step = device.Scope();
            Tensor seen = Ops.MatMul(matrix, device.From(basis, rank, columns), transposeY: true).Value; // [rows,rank]
            Tensor back = device.Allocate(rank, columns);
            device.Gemm(MatrixView.Of(seen).Transposed, matrix, back);
            basis = back.ToArray();
            Orthonormalise(basis, rank, columns);
        }

        return new LowRankRows(Ops.MatMul(matrix, device.From(basis, rank, columns), transposeY: true).Value.ToArray(), basis);
    }

    /// <summary>Makes rows orthonormal, one after the other, twice for the sake of rounding; what depends on others becomes 0.</summary>
    private static void Orthonormalise(float[] rows, int count, int width)
    {
        for (int i = 0; i < count; i++)
        {
            Span<float> own = rows.AsSpan(i * width, width);
            double before = Math.Sqrt(Dot(own, own));
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    Span<float> other = rows.AsSpan(j * width, width);
                    double along = Dot(own, other);
                    for (int c = 0; c < width; c++) own[c] = (float)(own[c] - (along * other[c]));
                }
            }

            double length = Math.Sqrt(Dot(own, own));
            double scale = length > 1e-5 * before ? 1 / length : 0;
            for (int c = 0; c < width; c++) own[c] = (float)(own[c] * scale);
        }
    }

    private static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int c = 0; c < x.Length; c++) sum += (double)x[c] * y[c];
        return sum;
    }
}

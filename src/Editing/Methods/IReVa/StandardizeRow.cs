using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>Operands: x, x̂; the scalar is added to the unbiased variance.</summary>
internal readonly struct StandardizeRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> x = row[0];
        float mean = RowMath.Sum(x) / x.Length;
        float deviation = MathF.Sqrt(RowMath.SquaredDeviation(x, mean) / (x.Length - 1) + row.Scalar);
        RowMath.Map(x, row[1], new Centered(new(mean), new(deviation)));
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0], standardized = row[1];
        int C = x.IntLength;
        float sum = 0, squares = 0;
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) sum += x[c];
        float mean = row.Sum(sum) / C;
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) squares += (x[c] - mean) * (x[c] - mean);
        float deviation = MathF.Sqrt(row.Sum(squares) / (C - 1) + row.Scalar);
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) standardized[c] = (x[c] - mean) / deviation;
    }

    private readonly struct Centered(Vector<float> mean, Vector<float> deviation) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => (x - mean) / deviation;
    }
}

using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = (x - mean) / sqrt(var + ε) ⊙ gain + bias over each row, with the biased variance:
    /// x <c>[…,C]</c>, gain and bias <c>[C]</c>.
    /// </summary>
    /// <exception cref="ArgumentException">Gain or bias is not one row of x.</exception>
    public static Variable LayerNorm(Variable x, Variable gain, Variable bias, float epsilon)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckNorm("LayerNorm", x, gain, bias);
        (Device device, int rows) = (x.Device, x.Value.Rows);
        Tensor y = device.Allocate(x.Shape), statistics = device.Allocate(rows, 2);
        device.Rows<LayerNormRow>(rows, [], epsilon, x.Value, gain.Value, bias.Value, y, statistics);
        return RecordLayerNorm(x, gain, bias, y, statistics);
    }

    private static void CheckNorm(string name, Variable x, Variable gain, Variable bias)
    {
        ArgumentNullException.ThrowIfNull(gain);
        ArgumentNullException.ThrowIfNull(bias);
        int C = x.Value.Columns;
        if (gain.Shape.Rank != 1 || gain.Value.Columns != C || bias.Shape.Rank != 1 || bias.Value.Columns != C)
            throw new ArgumentException($"{name}: x {x.Shape}, gain {gain.Shape}, bias {bias.Shape}, expected [{C}] for both.");
    }

    private static Variable RecordLayerNorm(
        Variable x, Variable gain, Variable bias, Tensor y, Tensor statistics) => Tape.Record(y, [x, gain, bias], dY =>
    {
        (Device device, int rows) = (x.Device, x.Value.Rows);
        if (x.RequiresGradient)
        {
            Tensor dX = device.Allocate(x.Shape);
            device.Rows<LayerNormBackwardRow>(rows, [], 0, dY, gain.Value, x.Value, statistics, dX);
            x.AddGradient(dX);
        }

        if (gain.RequiresGradient)
        {
            Tensor dGains = device.Allocate(x.Shape); // one row for each row of x
            device.Rows<LayerNormGainRow>(rows, [], 0, dY, x.Value, statistics, dGains);
            gain.AddGradient(SumToShape(dGains, gain.Shape));
        }

        if (bias.RequiresGradient) bias.AddGradient(SumToShape(dY, bias.Shape));
    });
}

/// <summary>Operands: x, gain, bias, y, statistics <c>[R,2]</c> (mean and 1 / deviation of each row); the scalar is ε.</summary>
internal readonly struct LayerNormRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> x = row[0], statistics = row[4];
        float mean = RowMath.Sum(x) / x.Length;
        float rstd = 1 / MathF.Sqrt(RowMath.SquaredDeviation(x, mean) / x.Length + row.Scalar);
        RowMath.Map(x, row[1], row[2], row[3], new Normalize(new(mean), new(rstd)));
        (statistics[0], statistics[1]) = (mean, rstd);
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0], gain = row[1], bias = row[2], y = row[3], statistics = row[4];
        int C = x.IntLength;
        float sum = 0, squares = 0;
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) sum += x[c];
        float mean = row.Sum(sum) / C;
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) squares += (x[c] - mean) * (x[c] - mean);
        float rstd = 1 / MathF.Sqrt(row.Sum(squares) / C + row.Scalar);
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) y[c] = (x[c] - mean) * rstd * gain[c] + bias[c];
        if (GroupRow.Thread == 0) (statistics[0], statistics[1]) = (mean, rstd);
    }

    /// <summary>(x - mean)·rstd ⊙ gain + bias.</summary>
    private readonly struct Normalize(Vector<float> mean, Vector<float> rstd) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> gain, Vector<float> bias) => (x - mean) * rstd * gain + bias;
    }
}

/// <summary>
/// dX = rstd · (g - mean(g) - x̂·mean(g ⊙ x̂)) with g = dY ⊙ gain and x̂ = (x - mean)·rstd. Operands: dY, gain, x,
/// statistics, dX.
/// </summary>
internal readonly struct LayerNormBackwardRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> x = row[2], dX = row[4];
        (float mean, float rstd) = (row[3][0], row[3][1]);
        RowMath.Map(row[0], row[1], dX, default(Times)); // g
        float meanOfG = RowMath.Sum(dX) / dX.Length;
        float slope = rstd * RowMath.CenteredDot(x, mean, dX) / dX.Length;
        RowMath.Map(dX, x, dX, new Backward(new(mean), new(rstd), new(meanOfG), new(slope)));
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> dY = row[0], gain = row[1], x = row[2], dX = row[4];
        int C = x.IntLength;
        float mean = row[3][0], rstd = row[3][1], sum = 0, dot = 0;
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads)
        {
            float g = dY[c] * gain[c];
            sum += g;
            dot += (x[c] - mean) * g;
        }

        float meanOfG = row.Sum(sum) / C, slope = rstd * row.Sum(dot) / C;
        for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads)
            dX[c] = rstd * (dY[c] * gain[c] - meanOfG - (x[c] - mean) * rstd * slope);
    }

    private readonly struct Times : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x * y;
    }

    private readonly struct Backward(Vector<float> mean, Vector<float> rstd, Vector<float> meanOfG, Vector<float> slope) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> g, Vector<float> x, Vector<float> z) =>
            rstd * (g - meanOfG - (x - mean) * rstd * slope);
    }
}

/// <summary>dY ⊙ x̂, each row's share of the gain's gradient. Operands: dY, x, statistics, the product.</summary>
internal readonly struct LayerNormGainRow : IRowOp
{
    public static void Apply(RowOperands row) => RowMath.Map(row[0], row[1], row[3], new Share(new(row[2][0]), new(row[2][1])));

    public static void Apply(GroupRow row)
    {
        ArrayView<float> dY = row[0], x = row[1], product = row[3];
        float mean = row[2][0], rstd = row[2][1];
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads) product[c] = dY[c] * ((x[c] - mean) * rstd);
    }

    private readonly struct Share(Vector<float> mean, Vector<float> rstd) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> dY, Vector<float> x, Vector<float> z) => dY * ((x - mean) * rstd);
    }
}

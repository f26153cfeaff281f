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
        ArgumentNullException.ThrowIfNull(gain);
        ArgumentNullException.ThrowIfNull(bias);
        var row = new Shape(x.Value.Columns);
        if (gain.Shape != row || bias.Shape != row)
            throw new ArgumentException($"LayerNorm: x {x.Shape}, gain {gain.Shape}, bias {bias.Shape}, expected {row} for both.");
        (Device device, int rows) = (x.Device, x.Value.Rows);
        Tensor y = device.Allocate(x.Shape);
        Tensor normalized = device.Allocate(x.Shape); // (x - mean)·rstd
        Tensor rstd = device.Allocate(rows, 1);
        device.Rows<LayerNormRow>(rows, [], epsilon, x.Value, gain.Value, bias.Value, y, normalized, rstd);
        return Tape.Record(y, [x, gain, bias], dY =>
        {
            if (x.RequiresGradient)
            {
                Tensor dX = device.Allocate(x.Shape);
                device.Rows<LayerNormBackwardRow>(rows, [], 0, dY, gain.Value, normalized, rstd, dX);
                x.AddGradient(dX);
            }

            if (gain.RequiresGradient) gain.AddGradient(SumToShape(Product(dY, normalized), gain.Shape));
            if (bias.RequiresGradient) bias.AddGradient(SumToShape(dY, bias.Shape));
        });
    }
}

/// <summary>Operands: x, gain, bias, y, normalized, rstd <c>[R,1]</c>; the scalar is ε.</summary>
internal readonly struct LayerNormRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        ReadOnlySpan<float> x = row[0], gain = row[1], bias = row[2];
        Span<float> y = row[3], normalized = row[4];
        float mean = RowMath.Sum(x) / x.Length;
        float rstd = 1 / MathF.Sqrt(RowMath.SquaredDeviation(x, mean) / x.Length + row.Scalar);
        for (int i = 0; i < x.Length; i++)
        {
            normalized[i] = (x[i] - mean) * rstd;
            y[i] = normalized[i] * gain[i] + bias[i];
        }

        row[5][0] = rstd;
    }
}

/// <summary>
/// dX = rstd · (g - mean(g) - x̂·mean(g ⊙ x̂)) with g = dY ⊙ gain. Operands: dY, gain, normalized x̂, rstd, dX.
/// </summary>
internal readonly struct LayerNormBackwardRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        ReadOnlySpan<float> dY = row[0], gain = row[1], normalized = row[2];
        Span<float> dX = row[4];
        float rstd = row[3][0];
        for (int i = 0; i < dX.Length; i++) dX[i] = dY[i] * gain[i];
        float mean = RowMath.Sum(dX) / dX.Length;
        float slope = RowMath.Dot(dX, normalized) / dX.Length;
        for (int i = 0; i < dX.Length; i++) dX[i] = rstd * (dX[i] - mean - normalized[i] * slope);
    }
}

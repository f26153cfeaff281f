using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// How far a distribution has moved from what it was: kl[r] = KL(softmax(before[r]) ‖ softmax(logits[r])), both <c>[R,V]</c>, kl
    /// <c>[R,1]</c> (Kullback and Leibler 1951). What was is a constant.
    /// </summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Variable Divergence(Variable logits, Tensor before)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(before);
        if (logits.Shape != before.Shape)
            throw new ArgumentException($"Divergence: {logits.Shape} and {before.Shape}, expected equal shapes.");
        (Device device, int rows) = (logits.Device, logits.Value.Rows);
        Tensor kl = device.Allocate(rows, 1), statistics = device.Allocate(rows, 4);
        device.Rows<DivergenceRow>(rows, [], 0, logits.Value, before, kl, statistics);
        return Tape.Record(kl, [logits], dKl =>
        {
            Tensor dLogits = device.Allocate(logits.Shape);
            device.Rows<DivergenceBackwardRow>(rows, [], 0, logits.Value, before, statistics, dKl, dLogits);
            logits.AddGradient(dLogits);
        });
    }
}

/// <summary>
/// Operands: logits z, those before z₀, kl <c>[R,1]</c>, statistics <c>[R,4]</c>: max z, 1 / Σexp(z - max), the same of z₀.
/// kl = Σ p₀·(z₀ - z) + log Σexp z - log Σexp z₀, where both are counted from their maxima.
/// </summary>
internal readonly struct DivergenceRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> z = row[0], before = row[1], statistics = row[3];
        float max = RowMath.Max(z), maxBefore = RowMath.Max(before);
        double sum = RowMath.SumExp(z, max), sumBefore = RowMath.SumExp(before, maxBefore), moved = 0;
        for (int c = 0; c < z.Length; c++)
        {
            float p = VectorMath.Exp(before[c] - maxBefore);
            if (p > 0) moved += p * (((double)before[c] - maxBefore) - ((double)z[c] - max));
        }

        row[2][0] = (float)((moved / sumBefore) + Math.Log(sum) - Math.Log(sumBefore));
        (statistics[0], statistics[1], statistics[2], statistics[3]) = (max, (float)(1 / sum), maxBefore, (float)(1 / sumBefore));
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> z = row[0], before = row[1];
        float max = float.NegativeInfinity, maxBefore = float.NegativeInfinity, sum = 0, sumBefore = 0, moved = 0, rest = 0;
        for (int c = GroupRow.Thread; c < z.IntLength; c += GroupRow.Threads)
        {
            max = z[c] > max ? z[c] : max;
            maxBefore = before[c] > maxBefore ? before[c] : maxBefore;
        }

        max = row.Max(max);
        maxBefore = row.Max(maxBefore);
        for (int c = GroupRow.Thread; c < z.IntLength; c += GroupRow.Threads)
        {
            float p = VectorMath.Exp(before[c] - maxBefore);
            sum += VectorMath.Exp(z[c] - max);
            sumBefore += p;
            if (p > 0)
            {
                (moved, float lost) = GroupRow.Added(moved, p * ((before[c] - maxBefore) - (z[c] - max)));
                rest += lost;
            }
        }

        sum = row.Sum(sum);
        sumBefore = row.Sum(sumBefore);
        moved = row.Sum(moved, rest);
        if (GroupRow.Thread != 0) return;
        row[2][0] = moved / sumBefore + MathF.Log(sum / sumBefore);
        (row[3][0], row[3][1], row[3][2], row[3][3]) = (max, 1 / sum, maxBefore, 1 / sumBefore);
    }
}

/// <summary>dLogits = dKl · (p - p₀). Operands: logits, those before, statistics, dKl, dLogits.</summary>
internal readonly struct DivergenceBackwardRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> statistics = row[2];
        var backward = new Backward(
            new(statistics[0]), new(statistics[1]), new(statistics[2]), new(statistics[3]), new(row[3][0]));
        RowMath.Map(row[0], row[1], row[4], backward);
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> z = row[0], before = row[1], dZ = row[4];
        float max = row[2][0], scale = row[2][1], maxBefore = row[2][2], scaleBefore = row[2][3], dKl = row[3][0];
        for (int c = GroupRow.Thread; c < z.IntLength; c += GroupRow.Threads)
            dZ[c] = dKl * (VectorMath.Exp(z[c] - max) * scale - VectorMath.Exp(before[c] - maxBefore) * scaleBefore);
    }

    private readonly struct Backward(
        Vector<float> max, Vector<float> scale, Vector<float> maxBefore, Vector<float> scaleBefore, Vector<float> dKl) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) =>
            dKl * (VectorMath.ExpOfNegative(x - max) * scale - VectorMath.ExpOfNegative(y - maxBefore) * scaleBefore);
    }
}

using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// loss[r] = -log softmax(logits[r])[targets[r]], or with label smoothing ε the cross-entropy against
    /// (1-ε)·one-hot + ε/V: logits <c>[R,V]</c>, loss <c>[R,1]</c>.
    /// </summary>
    /// <exception cref="ArgumentException">There is not one target per row.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is not a column.</exception>
    public static Variable CrossEntropy(Variable logits, ReadOnlySpan<int> targets, float smoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(logits);
        (Device device, int rows, int V) = (logits.Device, logits.Value.Rows, logits.Value.Columns);
        if (targets.Length != rows) throw new ArgumentException($"CrossEntropy: {rows} rows of logits, {targets.Length} targets.");
        foreach (int target in targets)
            if ((uint)target >= (uint)V) throw new ArgumentOutOfRangeException(nameof(targets), $"CrossEntropy: target {target}, vocabulary {V}.");

        // Of the forward pass only three numbers per row are kept: the backward pass makes the exponentials again, which
        // takes less time than to store as many numbers as there are logits, and to fetch them.
        Tensor loss = device.Allocate(rows, 1), statistics = device.Allocate(rows, 3);
        device.Rows<CrossEntropyRow>(rows, targets, smoothing, logits.Value, loss, statistics);
        int[] kept = logits.RequiresGradient ? targets.ToArray() : [];
        return Tape.Record(loss, [logits], dLoss =>
        {
            Tensor dLogits = device.Allocate(logits.Shape);
            device.Rows<CrossEntropyBackwardRow>(rows, kept, smoothing, logits.Value, statistics, dLoss, dLogits);
            logits.AddGradient(dLogits);
        });
    }
}

/// <summary>
/// Operands: logits z, loss <c>[R,1]</c>, statistics <c>[R,3]</c>: max z, 1 / Σexp(z - max), p - 1 of the target. The
/// index is the target, the scalar ε.
/// </summary>
internal readonly struct CrossEntropyRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> logits = row[0], statistics = row[2];
        float max = RowMath.Max(logits);
        double sum = RowMath.SumExp(logits, max);

        // log Σexp(z - max) - (z_t - max), in double: a confident row's loss is far below the logits' magnitude,
        // so subtracting z_t from a float32 log-sum-exp would leave only rounding noise of it.
        double loss = Math.Log(sum) - ((double)logits[row.Index] - max);
        if (row.Scalar != 0)
        {
            double mean = RowMath.SumInDouble(logits) / logits.Length - max;
            loss = (1 - row.Scalar) * loss + row.Scalar * (Math.Log(sum) - mean);
        }

        row[1][0] = (float)loss;

        // Likewise 1 - p of the target is the sum of the others, not 1 minus a p that float32 rounds to 1.
        double others = sum - RowMath.SumExp(logits.Slice(row.Index, 1), max);
        (statistics[0], statistics[1], statistics[2]) = (max, (float)(1 / sum), (float)(-others / sum));
    }
}

/// <summary>dLogits = dLoss · (p - onehot + ε·(onehot - 1/V)). Operands: logits, statistics, dLoss, dLogits.</summary>
internal readonly struct CrossEntropyBackwardRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> dLogits = row[3];
        (float max, float scale, float errorOfTarget) = (row[1][0], row[1][1], row[1][2]);
        float dLoss = row[2][0], uniform = row.Scalar / dLogits.Length;
        RowMath.Map(row[0], dLogits, new Backward(new(max), new(scale), new(dLoss), new(uniform)));
        dLogits[row.Index] = dLoss * (errorOfTarget - uniform + row.Scalar);
    }

    private readonly struct Backward(Vector<float> max, Vector<float> scale, Vector<float> dLoss, Vector<float> uniform) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> z, Vector<float> y, Vector<float> w) =>
            dLoss * (VectorMath.ExpOfNegative(z - max) * scale - uniform);
    }
}

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

        Tensor loss = device.Allocate(rows, 1);
        Tensor error = device.Allocate(logits.Shape); // p - onehot
        device.Rows<CrossEntropyRow>(rows, targets, smoothing, logits.Value, error, loss);
        int[] kept = logits.RequiresGradient ? targets.ToArray() : [];
        return Tape.Record(loss, [logits], dLoss =>
        {
            Tensor dLogits = device.Allocate(logits.Shape);
            device.Rows<CrossEntropyBackwardRow>(rows, kept, smoothing, error, dLoss, dLogits);
            logits.AddGradient(dLogits);
        });
    }
}

/// <summary>Operands: logits, error p - onehot, loss <c>[R,1]</c>; the index is the target, the scalar ε.</summary>
internal readonly struct CrossEntropyRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        ReadOnlySpan<float> logits = row[0];
        Span<float> error = row[1];
        float max = RowMath.Max(logits);
        double sum = RowMath.ExpShifted(logits, max, error);

        // log Σexp(z - max) - (z_t - max), in double: a confident row's loss is far below the logits' magnitude,
        // so subtracting z_t from a float32 log-sum-exp would leave only rounding noise of it.
        double loss = Math.Log(sum) - ((double)logits[row.Index] - max);
        if (row.Scalar != 0)
        {
            double mean = 0;
            foreach (float z in logits) mean += z - max;
            loss = (1 - row.Scalar) * loss + row.Scalar * (Math.Log(sum) - mean / logits.Length);
        }

        row[2][0] = (float)loss;

        // Likewise 1 - p of the target is the sum of the others, not 1 minus a p that float32 rounds to 1.
        double others = sum - error[row.Index];
        float scale = (float)(1 / sum);
        for (int i = 0; i < error.Length; i++) error[i] *= scale;
        error[row.Index] = (float)(-others / sum);
    }
}

/// <summary>dLogits = dLoss · (p - onehot + ε·(onehot - 1/V)). Operands: error p - onehot, dLoss, dLogits.</summary>
internal readonly struct CrossEntropyBackwardRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        ReadOnlySpan<float> error = row[0];
        float dLoss = row[1][0];
        Span<float> dLogits = row[2];
        float uniform = row.Scalar / error.Length;
        for (int i = 0; i < dLogits.Length; i++) dLogits[i] = dLoss * (error[i] - uniform);
        dLogits[row.Index] += dLoss * row.Scalar;
    }
}

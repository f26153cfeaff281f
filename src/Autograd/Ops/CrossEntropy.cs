using System.Numerics;
using ILGPU;
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
            if ((uint)target >= (uint)V)
                throw new ArgumentOutOfRangeException(nameof(targets), $"CrossEntropy: target {target}, vocabulary {V}.");

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

    // No double here, in which some accelerators are very slow. What the target's column adds to the sum is left out instead:
    // the others' share is small just where its digits matter.
    public static void Apply(GroupRow row)
    {
        ArrayView<float> z = row[0];
        int V = z.IntLength, target = row.Index;
        float max = float.NegativeInfinity, sum = 0, total = 0;
        for (int c = GroupRow.Thread; c < V; c += GroupRow.Threads)
        {
            max = z[c] > max ? z[c] : max;
            total += z[c];
        }

        max = row.Max(max);
        for (int c = GroupRow.Thread; c < V; c += GroupRow.Threads) sum += c == target ? 0 : VectorMath.Exp(z[c] - max);
        float others = row.Sum(sum), ofTarget = VectorMath.Exp(z[target] - max), all = others + ofTarget;

        // log Σexp(z - max) - (z_t - max); where the target is the largest, its exponential is 1.
        float log = others < 0.5f && ofTarget == 1f ? VectorMath.Log1P(others) : MathF.Log(all);
        float loss = log - (z[target] - max);
        if (row.Scalar != 0) loss = (1 - row.Scalar) * loss + row.Scalar * (log - (row.Sum(total) / V - max));
        if (GroupRow.Thread != 0) return;
        row[1][0] = loss;
        (row[2][0], row[2][1], row[2][2]) = (max, 1 / all, -others / all);
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

    public static void Apply(GroupRow row)
    {
        ArrayView<float> z = row[0], dZ = row[3];
        float max = row[1][0], scale = row[1][1], errorOfTarget = row[1][2], dLoss = row[2][0], uniform = row.Scalar / z.IntLength;
        for (int c = GroupRow.Thread; c < z.IntLength; c += GroupRow.Threads)
            dZ[c] = dLoss * ((c == row.Index ? errorOfTarget + row.Scalar : VectorMath.Exp(z[c] - max) * scale) - uniform);
    }

    private readonly struct Backward(Vector<float> max, Vector<float> scale, Vector<float> dLoss, Vector<float> uniform) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> z, Vector<float> y, Vector<float> w) =>
            dLoss * (VectorMath.ExpOfNegative(z - max) * scale - uniform);
    }
}

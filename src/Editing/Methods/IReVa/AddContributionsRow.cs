using System.Numerics;
using System.Runtime.InteropServices;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// sum += Σ_j w_j·v_j, j ascending, over those first neurons (the index says how many) whose w is not 0: a handful of
/// thousands. Operands: w <c>[R,n]</c>, all v end to end <c>[n·C]</c>, sum <c>[R,C]</c>.
/// </summary>
internal readonly struct AddContributionsRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        ReadOnlySpan<float> weights = row[0][..row.Index];
        ReadOnlySpan<Vector<float>> lanes = MemoryMarshal.Cast<float, Vector<float>>(weights);
        for (int i = 0; i < lanes.Length; i++)
        {
            if (Vector.EqualsAll(lanes[i], Vector<float>.Zero)) continue;
            AddOf(weights, i * Vector<float>.Count, (i + 1) * Vector<float>.Count, row[1], row[2]);
        }

        AddOf(weights, lanes.Length * Vector<float>.Count, weights.Length, row[1], row[2]);
    }

    private static void AddOf(ReadOnlySpan<float> weights, int start, int end, ReadOnlySpan<float> values, Span<float> sum)
    {
        for (int j = start; j < end; j++)
        {
            if (weights[j] == 0) continue;
            ReadOnlySpan<float> value = values.Slice(j * sum.Length, sum.Length);
            for (int c = 0; c < sum.Length; c++) sum[c] += weights[j] * value[c];
        }
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> weights = row[0], values = row[1], sum = row[2];
        int C = sum.IntLength;
        for (int j = 0; j < row.Index; j++)
        {
            float weight = weights[j];
            if (weight == 0) continue;
            for (int c = GroupRow.Thread; c < C; c += GroupRow.Threads) sum[c] += weight * values[(long)j * C + c];
        }
    }
}

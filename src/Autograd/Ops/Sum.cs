using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>The sum of all elements, shape <c>[1]</c>.</summary>
    public static Variable Sum(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Tensor sum = x.Device.Allocate(1);
        x.Device.Rows<SumRow>(1, [], 0, x.Value.Reshape(1, checked((int)x.Value.Count)), sum.Reshape(1, 1));
        return Tape.Record(sum, [x], dSum => x.AddGradient(Repeated(dSum, x.Shape)));
    }

    /// <summary>The mean of all elements, shape <c>[1]</c>.</summary>
    public static Variable Mean(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Scale(Sum(x), 1f / x.Value.Count);
    }

    /// <summary>One number at every place: 0 + dSum, the second operand repeating.</summary>
    private static Tensor Repeated(Tensor number, Shape shape)
    {
        Tensor y = number.Device.Zeros(shape);
        number.Device.Map<AddOp>(y, number, y);
        return y;
    }
}

/// <summary>
/// Operands: x <c>[R,C]</c>, sum <c>[R,1]</c>. Sums in double, or in pairs of float32 where a GPU may lack it: a
/// mean over many terms deserves it.
/// </summary>
internal readonly struct SumRow : IRowOp
{
    public static void Apply(RowOperands row) => row[1][0] = (float)RowMath.SumInDouble(row[0]);

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0];
        float sum = 0, rest = 0;
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads)
        {
            (sum, float lost) = GroupRow.Added(sum, x[c]);
            rest += lost;
        }

        sum = row.Sum(sum, rest);
        if (GroupRow.Thread == 0) row[1][0] = sum;
    }
}

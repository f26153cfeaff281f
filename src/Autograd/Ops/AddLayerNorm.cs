using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>A sum and its layer norm, <c>s = x + y</c> and <c>norm(s)</c>, in one pass over memory: x and y <c>[…,C]</c>.</summary>
    /// <exception cref="ArgumentException">x and y differ in shape, or gain or bias is not one row of them.</exception>
    public static (Variable Sum, Variable Norm) AddLayerNorm(Variable x, Variable y, Variable gain, Variable bias, float epsilon)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Shape != y.Shape) throw new ArgumentException($"AddLayerNorm: {x.Shape} and {y.Shape}, expected equal shapes.");
        CheckNorm("AddLayerNorm", x, gain, bias);
        (Device device, int rows) = (x.Device, x.Value.Rows);
        Tensor s = device.Allocate(x.Shape), norm = device.Allocate(x.Shape), statistics = device.Allocate(rows, 2);
        device.Rows<AddLayerNormRow>(rows, [], epsilon, s, gain.Value, bias.Value, norm, statistics, x.Value, y.Value);
        Variable sum = RecordAdd(x, y, s);
        return (sum, RecordLayerNorm(sum, gain, bias, norm, statistics));
    }
}

/// <summary>Makes the sum while it is at hand. Operands: those of <see cref="LayerNormRow"/>, whose x is written; both terms.</summary>
internal readonly struct AddLayerNormRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        RowMath.Map(row[5], row[6], row[0], default(Plus));
        LayerNormRow.Apply(row);
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> sum = row[0], x = row[5], y = row[6];
        // Each thread reads again just what it wrote.
        for (int c = GroupRow.Thread; c < sum.IntLength; c += GroupRow.Threads) sum[c] = x[c] + y[c];
        LayerNormRow.Apply(row);
    }

    private readonly struct Plus : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x + y;
    }
}

using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>The dot product of each row of x with the same row of y: both <c>[R,C]</c>, result <c>[R,1]</c>.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Variable Dot(Variable x, Variable y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Shape != y.Shape) throw new ArgumentException($"Dot: {x.Shape} and {y.Shape}, expected equal shapes.");
        Tensor z = x.Device.Allocate(x.Value.Rows, 1);
        x.Device.Rows<DotRow>(x.Value.Rows, [], 0, x.Value, y.Value, z);
        return Tape.Record(z, [x, y], dZ =>
        {
            if (x.RequiresGradient) x.AddGradient(RowsScaled(y.Value, dZ));
            if (y.RequiresGradient) y.AddGradient(RowsScaled(x.Value, dZ));
        });
    }

    /// <summary>Each row of x times its own number: x <c>[R,C]</c>, scale <c>[R,1]</c>.</summary>
    /// <exception cref="ArgumentException">There is not one number per row.</exception>
    public static Variable ScaleRows(Variable x, Variable scale)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(scale);
        if (scale.Value.Rows != x.Value.Rows || scale.Value.Columns != 1)
            throw new ArgumentException($"ScaleRows: {x.Shape} by {scale.Shape}, expected [{x.Value.Rows},1].");
        return Tape.Record(RowsScaled(x.Value, scale.Value), [x, scale], dZ =>
        {
            if (x.RequiresGradient) x.AddGradient(RowsScaled(dZ, scale.Value));
            if (!scale.RequiresGradient) return;
            Tensor dScale = x.Device.Allocate(scale.Shape);
            x.Device.Rows<DotRow>(x.Value.Rows, [], 0, dZ, x.Value, dScale);
            scale.AddGradient(dScale);
        });
    }

    private static Tensor RowsScaled(Tensor x, Tensor scale)
    {
        Tensor z = x.Device.Allocate(x.Shape);
        x.Device.Rows<ScaleRow>(x.Rows, [], 0, x, scale, z);
        return z;
    }
}

/// <summary>Operands: x, y <c>[R,C]</c>, their dot products <c>[R,1]</c>.</summary>
internal readonly struct DotRow : IRowOp
{
    public static void Apply(RowOperands row) => row[2][0] = RowMath.Dot(row[0], row[1]);

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0], y = row[1];
        float sum = 0;
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads) sum += x[c] * y[c];
        sum = row.Sum(sum);
        if (GroupRow.Thread == 0) row[2][0] = sum;
    }
}

/// <summary>Operands: x <c>[R,C]</c>, scale <c>[R,1]</c>, product <c>[R,C]</c>.</summary>
internal readonly struct ScaleRow : IRowOp
{
    public static void Apply(RowOperands row) => RowMath.Map(row[0], row[2], new Times(new(row[1][0])));

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0], product = row[2];
        float factor = row[1][0];
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads) product[c] = x[c] * factor;
    }

    private readonly struct Times(Vector<float> factor) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x * factor;
    }
}

using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// z = x + y. <paramref name="y"/> may be a row <c>[C]</c> that repeats over x <c>[…,C]</c> (a bias), several such
    /// rows that repeat together, or one number.
    /// </summary>
    /// <exception cref="ArgumentException">y does not repeat in x.</exception>
    public static Variable Add(Variable x, Variable y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        CheckRepeats("Add", x.Shape, y.Shape);
        Tensor z = x.Device.Allocate(x.Shape);
        x.Device.Map<AddOp>(x.Value, y.Value, z);
        return RecordAdd(x, y, z);
    }

    /// <summary>z = x - y, shapes as in <see cref="Add"/>.</summary>
    public static Variable Subtract(Variable x, Variable y) => Add(x, Scale(y, -1));

    private static Variable RecordAdd(Variable x, Variable y, Tensor z) => Tape.Record(z, [x, y], dZ =>
    {
        if (x.RequiresGradient) x.AddGradient(dZ);
        if (y.RequiresGradient) y.AddGradient(SumToShape(dZ, y.Shape));
    });

    /// <summary>Whole rows of y, or one number: a shorter y could divide x and still be no row of it.</summary>
    private static void CheckRepeats(string name, Shape x, Shape y)
    {
        if (x == y || y.Count == 1 || (y.Columns == x.Columns && y.Rows > 0 && x.Rows % y.Rows == 0)) return;
        throw new ArgumentException($"{name}: {x} and {y}, expected equal shapes, rows of {x.Columns} that repeat, or one number.");
    }

    /// <summary>The gradient of an operand that repeated: the sum over its repetitions.</summary>
    private static Tensor SumToShape(Tensor dZ, Shape shape)
    {
        if (dZ.Shape == shape) return dZ;
        Tensor sum = dZ.Device.Allocate(shape);
        int columns = checked((int)shape.Count);
        dZ.Device.ColumnSum(dZ.Reshape(checked((int)(dZ.Count / columns)), columns), sum);
        return sum;
    }
}

/// <summary>x + y.</summary>
internal readonly struct AddOp : IBinaryOp
{
    public static float Apply(float x, float y) => x + y;

    public static Vector<float> Apply(Vector<float> x, Vector<float> y) => x + y;
}

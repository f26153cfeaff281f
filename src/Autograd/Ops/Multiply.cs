using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>z = x ⊙ y, element by element; shapes as in <see cref="Add"/>.</summary>
    /// <exception cref="ArgumentException">y does not repeat in x.</exception>
    public static Variable Multiply(Variable x, Variable y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        CheckRepeats("Multiply", x.Shape, y.Shape);
        Tensor z = Product(x.Value, y.Value);
        return Tape.Record(z, [x, y], dZ =>
        {
            if (x.RequiresGradient) x.AddGradient(Product(dZ, y.Value));
            if (y.RequiresGradient) y.AddGradient(SumToShape(Product(dZ, x.Value), y.Shape));
        });
    }

    /// <summary>z = factor · x.</summary>
    public static Variable Scale(Variable x, float factor)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Tape.Record(Scaled(x.Value, factor), [x], dZ => x.AddGradient(Scaled(dZ, factor)));
    }

    private static Tensor Product(Tensor x, Tensor y)
    {
        Tensor z = x.Device.Allocate(x.Shape);
        x.Device.Map<MultiplyOp>(x, y, z);
        return z;
    }

    private static Tensor Scaled(Tensor x, float factor)
    {
        Tensor z = x.Device.Allocate(x.Shape);
        x.Device.Map<MultiplyOp>(x, factor, z);
        return z;
    }
}

/// <summary>x · y.</summary>
internal readonly struct MultiplyOp : IBinaryOp
{
    public static float Apply(float x, float y) => x * y;

    public static Vector<float> Apply(Vector<float> x, Vector<float> y) => x * y;
}

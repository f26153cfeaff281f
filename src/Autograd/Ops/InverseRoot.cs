using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = 1/√x, element by element: of a squared length what makes a vector one of length 1.</summary>
    public static Variable InverseRoot(Variable x) => Elementwise<InverseRootOp, InverseRootBackwardOp>(x);
}

/// <summary>1/√x.</summary>
internal readonly struct InverseRootOp : IUnaryOp
{
    public static float Apply(float x) => 1 / MathF.Sqrt(x);

    public static Vector<float> Apply(Vector<float> x) => Vector<float>.One / Vector.SquareRoot(x);
}

/// <summary>-½·x^-1.5·dY.</summary>
internal readonly struct InverseRootBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY) => -0.5f / (x * MathF.Sqrt(x)) * dY;

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY) => new Vector<float>(-0.5f) / (x * Vector.SquareRoot(x)) * dY;
}

using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = max(x, 0), element by element; the gradient at 0 is 0.</summary>
    public static Variable MaxZero(Variable x) => Elementwise<MaxZeroOp, MaxZeroBackwardOp>(x);
}

/// <summary>max(x, 0).</summary>
internal readonly struct MaxZeroOp : IUnaryOp
{
    public static float Apply(float x) => MathF.Max(x, 0);

    public static Vector<float> Apply(Vector<float> x) => Vector.Max(x, Vector<float>.Zero);
}

/// <summary>dY where x is positive, else 0.</summary>
internal readonly struct MaxZeroBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY) => x > 0 ? dY : 0;

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY) =>
        Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<float>.Zero), dY, Vector<float>.Zero);
}

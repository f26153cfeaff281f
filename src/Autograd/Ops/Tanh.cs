using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = tanh(x), element by element.</summary>
    public static Variable Tanh(Variable x) => Elementwise<TanhOp, TanhBackwardOp>(x);
}

/// <summary>tanh x.</summary>
internal readonly struct TanhOp : IUnaryOp
{
    public static float Apply(float x) => VectorMath.Tanh(x);

    public static Vector<float> Apply(Vector<float> x) => VectorMath.Tanh(x);
}

/// <summary>(1 - tanh² x)·dY.</summary>
internal readonly struct TanhBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY)
    {
        float y = VectorMath.Tanh(x);
        return (1 - y * y) * dY;
    }

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY)
    {
        Vector<float> y = VectorMath.Tanh(x);
        return (Vector<float>.One - y * y) * dY;
    }
}

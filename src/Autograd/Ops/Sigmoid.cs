using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = σ(x) = 1 / (1 + e^-x), element by element; small ones keep their digits.</summary>
    public static Variable Sigmoid(Variable x) => Elementwise<SigmoidOp, SigmoidBackwardOp>(x);
}

/// <summary>σ(x), from e^-|x| so that nothing overflows.</summary>
internal readonly struct SigmoidOp : IUnaryOp
{
    public static float Apply(float x)
    {
        float e = VectorMath.Exp(x < 0 ? x : -x);
        return (x < 0 ? e : 1) / (1 + e);
    }

    public static Vector<float> Apply(Vector<float> x)
    {
        Vector<float> e = VectorMath.ExpOfNegative(-Vector.Abs(x));
        Vector<float> above = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), e, Vector<float>.One);
        return above / (Vector<float>.One + e);
    }
}

/// <summary>σ(x)·σ(-x)·dY.</summary>
internal readonly struct SigmoidBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY)
    {
        float e = VectorMath.Exp(x < 0 ? x : -x), below = 1 + e;
        return e / (below * below) * dY;
    }

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY)
    {
        Vector<float> e = VectorMath.ExpOfNegative(-Vector.Abs(x)), below = Vector<float>.One + e;
        return e / (below * below) * dY;
    }
}

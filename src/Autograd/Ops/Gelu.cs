using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), GPT-2's <c>gelu_new</c>, element by element.</summary>
    public static Variable Gelu(Variable x) => Elementwise<GeluOp, GeluBackwardOp>(x);
}

/// <summary>gelu(x).</summary>
internal readonly struct GeluOp : IUnaryOp
{
    public static float Apply(float x) => VectorMath.Gelu(x);

    public static Vector<float> Apply(Vector<float> x) => VectorMath.Gelu(x);
}

/// <summary>gelu'(x) · dY.</summary>
internal readonly struct GeluBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY) => VectorMath.GeluDerivative(x) * dY;

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY) => VectorMath.GeluDerivative(x) * dY;
}

using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), GPT-2's <c>gelu_new</c>, element by element.</summary>
    public static Variable Gelu(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Map<GeluOp>(x.Value, y);
        return Tape.Record(y, [x], dY =>
        {
            Tensor dX = x.Device.Allocate(x.Shape);
            x.Device.Map<GeluBackwardOp>(x.Value, dY, dX);
            x.AddGradient(dX);
        });
    }
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

using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = gelu(x + b), the activation behind a linear map's product x <c>[…,C]</c> with bias b <c>[C]</c>, in one pass
    /// over memory; the backward pass adds again instead of keeping the sum.
    /// </summary>
    /// <exception cref="ArgumentException">b does not repeat in x as in <see cref="Add"/>.</exception>
    public static Variable BiasGelu(Variable x, Variable bias)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(bias);
        CheckRepeats("BiasGelu", x.Shape, bias.Shape);
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Map<BiasGeluOp>(x.Value, bias.Value, y);
        return Tape.Record(y, [x, bias], dY =>
        {
            Tensor dSum = x.Device.Allocate(x.Shape);
            x.Device.Map<BiasGeluBackwardOp>(x.Value, bias.Value, dY, dSum);
            if (x.RequiresGradient) x.AddGradient(dSum);
            if (bias.RequiresGradient) bias.AddGradient(SumToShape(dSum, bias.Shape));
        });
    }
}

/// <summary>gelu(x + b).</summary>
internal readonly struct BiasGeluOp : IBinaryOp
{
    public static float Apply(float x, float b) => VectorMath.Gelu(x + b);

    public static Vector<float> Apply(Vector<float> x, Vector<float> b) => VectorMath.Gelu(x + b);
}

/// <summary>gelu'(x + b) · dY.</summary>
internal readonly struct BiasGeluBackwardOp : ITernaryOp
{
    public static float Apply(float x, float b, float dY) => VectorMath.GeluDerivative(x + b) * dY;

    public static Vector<float> Apply(Vector<float> x, Vector<float> b, Vector<float> dY) => VectorMath.GeluDerivative(x + b) * dY;
}

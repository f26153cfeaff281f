using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = f(x + b), the activation behind a linear map's product x <c>[…,C]</c> with bias b <c>[C]</c>, in one pass
    /// over memory; the backward pass adds again instead of keeping the sum.
    /// </summary>
    /// <exception cref="ArgumentException">b does not repeat in x as in <see cref="Add"/>, or there is no such activation.</exception>
    public static Variable BiasActivate(Variable x, Variable bias, Activation f) => f switch
    {
        Activation.GeluTanh => BiasActivate<GeluTanh>(x, bias),
        Activation.Gelu => BiasActivate<Gelu>(x, bias),
        Activation.Relu => BiasActivate<Relu>(x, bias),
        Activation.Silu => BiasActivate<Silu>(x, bias),
        Activation.QuickGelu => BiasActivate<QuickGelu>(x, bias),
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, "BiasActivate: no such activation."),
    };

    private static Variable BiasActivate<F>(Variable x, Variable bias) where F : struct, IActivation
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(bias);
        CheckRepeats("BiasActivate", x.Shape, bias.Shape);
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Map<BiasActivateOp<F>>(x.Value, bias.Value, y);
        return Tape.Record(y, [x, bias], dY =>
        {
            Tensor dSum = x.Device.Allocate(x.Shape);
            x.Device.Map<BiasActivateBackwardOp<F>>(x.Value, bias.Value, dY, dSum);
            if (x.RequiresGradient) x.AddGradient(dSum);
            if (bias.RequiresGradient) bias.AddGradient(SumToShape(dSum, bias.Shape));
        });
    }
}

/// <summary>f(x + b).</summary>
internal readonly struct BiasActivateOp<F> : IBinaryOp where F : struct, IActivation
{
    public static float Apply(float x, float b) => F.Value(x + b);

    public static Vector<float> Apply(Vector<float> x, Vector<float> b) => F.Value(x + b);
}

/// <summary>f'(x + b) · dY.</summary>
internal readonly struct BiasActivateBackwardOp<F> : ITernaryOp where F : struct, IActivation
{
    public static float Apply(float x, float b, float dY) => F.Derivative(x + b) * dY;

    public static Vector<float> Apply(Vector<float> x, Vector<float> b, Vector<float> dY) => F.Derivative(x + b) * dY;
}

using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = f(x), element by element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation.</exception>
    public static Variable Activate(Variable x, Activation f) => f switch
    {
        Activation.GeluTanh => Activate<GeluTanh>(x),
        Activation.Gelu => Activate<Gelu>(x),
        Activation.Relu => Activate<Relu>(x),
        Activation.Silu => Activate<Silu>(x),
        Activation.QuickGelu => Activate<QuickGelu>(x),
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, "Activate: no such activation."),
    };

    private static Variable Activate<F>(Variable x) where F : struct, IActivation => Elementwise<ActivateOp<F>, ActivateBackwardOp<F>>(x);
}

/// <summary>f(x).</summary>
internal readonly struct ActivateOp<F> : IUnaryOp where F : struct, IActivation
{
    public static float Apply(float x) => F.Value(x);

    public static Vector<float> Apply(Vector<float> x) => F.Value(x);
}

/// <summary>f'(x) · dY.</summary>
internal readonly struct ActivateBackwardOp<F> : IBinaryOp where F : struct, IActivation
{
    public static float Apply(float x, float dY) => F.Derivative(x) * dY;

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY) => F.Derivative(x) * dY;
}

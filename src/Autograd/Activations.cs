using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// f and f' of one <see cref="Activation"/>, each for one element and for one SIMD register, as functors have them (see
/// <see cref="IUnaryOp"/>). What is taken from <see cref="VectorMath"/> states its accuracy there.
/// </summary>
internal interface IActivation
{
    static abstract float Value(float x);

    static abstract Vector<float> Value(Vector<float> x);

    static abstract float Derivative(float x);

    static abstract Vector<float> Derivative(Vector<float> x);
}

/// <summary>x·½(1 + tanh(√(2/π)(x + 0.044715x³))).</summary>
internal readonly struct GeluTanh : IActivation
{
    public static float Value(float x) => VectorMath.GeluTanh(x);

    public static Vector<float> Value(Vector<float> x) => VectorMath.GeluTanh(x);

    public static float Derivative(float x) => VectorMath.GeluTanhDerivative(x);

    public static Vector<float> Derivative(Vector<float> x) => VectorMath.GeluTanhDerivative(x);
}

/// <summary>x·Φ(x).</summary>
internal readonly struct Gelu : IActivation
{
    public static float Value(float x) => VectorMath.Gelu(x);

    public static Vector<float> Value(Vector<float> x) => VectorMath.Gelu(x);

    public static float Derivative(float x) => VectorMath.GeluDerivative(x);

    public static Vector<float> Derivative(Vector<float> x) => VectorMath.GeluDerivative(x);
}

/// <summary>max(x, 0), whose derivative at 0 is 0. NaN stays NaN, which a GPU's own maximum would turn into 0.</summary>
internal readonly struct Relu : IActivation
{
    public static float Value(float x) => x < 0f ? 0f : x;

    public static Vector<float> Value(Vector<float> x) =>
        Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), Vector<float>.Zero, x);

    public static float Derivative(float x) => x > 0f ? 1f : 0f;

    public static Vector<float> Derivative(Vector<float> x) =>
        Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
}

/// <summary>x·σ(x).</summary>
internal readonly struct Silu : IActivation
{
    public static float Value(float x) => VectorMath.Silu(x);

    public static Vector<float> Value(Vector<float> x) => VectorMath.Silu(x);

    public static float Derivative(float x) => VectorMath.SiluDerivative(x);

    public static Vector<float> Derivative(Vector<float> x) => VectorMath.SiluDerivative(x);
}

/// <summary>x·σ(1.702x).</summary>
internal readonly struct QuickGelu : IActivation
{
    public static float Value(float x) => VectorMath.QuickGelu(x);

    public static Vector<float> Value(Vector<float> x) => VectorMath.QuickGelu(x);

    public static float Derivative(float x) => VectorMath.QuickGeluDerivative(x);

    public static Vector<float> Derivative(Vector<float> x) => VectorMath.QuickGeluDerivative(x);
}

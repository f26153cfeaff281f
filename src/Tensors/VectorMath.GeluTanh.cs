using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors;

/// <content>GELU in its tanh form, which is x·σ(2u).</content>
public static partial class VectorMath
{
    // e^-2u = 2^-t with t = x·(Linear + Cubic·x²), from its √(2/π) and 0.044715 (Hendrycks and Gimpel, 2016) and
    // log2 e. Each is split: the high part of Linear has 12 bits, so that what an addition to it rounds off is exact.
    private const double ExactLinear = 2.3022081981443248891, ExactCubic = 0.10294323958002348742;
    private const float Linear = 2.302001953125f, LinearRest = (float)(ExactLinear - Linear);
    private const float Cubic = (float)ExactCubic, CubicRest = (float)(ExactCubic - Cubic);

    // d(2u)/dx = Slope + SlopeSquare·x².
    private const float
        Slope = (float)(ExactLinear * 0.69314718055994530942), SlopeSquare = (float)(3 * ExactCubic * 0.69314718055994530942);

    /// <summary>
    /// GELU in its tanh form, x·(1 + tanh u)/2 = x·σ(2u) with u = √(2/π)·(x + 0.044715·x³). Within 3 ulp; exact for large |x|;
    /// NaN stays NaN.
    /// </summary>
    public static float GeluTanh(float x) => Gated(x, GeluTanhPower(x < 0f ? -x : x));

    /// <inheritdoc cref="GeluTanh(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluTanh(Vector<float> x) => Gated(x, GeluTanhPower(Vector.Abs(x)));

    /// <summary>d GeluTanh / dx = g + x·g·(1 - g)·2u' with g = σ(2u), within a few rounding errors of 1.</summary>
    public static float GeluTanhDerivative(float x)
    {
        // Beyond 10 the derivative is 0 or 1 in float32; the bound keeps 2^-t normal.
        float y = x < 0f ? -x : x;
        y = y > 10f ? 10f : y;
        float square = y * y;
        float t = y * (square * Cubic + (Linear + LinearRest));
        float n = RoundingShift - t - RoundingShift;
        float e = Power(-(t + n)) * PowerOfTwo((int)n);
        return GatedDerivative(x, y * (square * SlopeSquare + Slope), e);
    }

    /// <inheritdoc cref="GeluTanhDerivative(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluTanhDerivative(Vector<float> x)
    {
        Vector<float> y = Vector.MinNative(new Vector<float>(10f), Vector.Abs(x));
        Vector<float> square = y * y;
        Vector<float> t = y * Fused(square, Cubic, new Vector<float>(Linear + LinearRest));
        Vector<float> shifted = new Vector<float>(RoundingShift) - t, n = shifted - new Vector<float>(RoundingShift);
        Vector<float> e = Power(-(t + n)) * PowerOfTwo(shifted, 0);
        return GatedDerivative(x, y * Fused(square, SlopeSquare, new Vector<float>(Slope)), e);
    }

    /// <summary>
    /// 2^64·e^-2u for x ≥ 0. An error of one ulp in 2u = 80 is one of 80 ulp in the power, so t keeps what its
    /// roundings lose; the power itself needs r = n - t alone to be exact, and it is.
    /// </summary>
    private static float GeluTanhPower(float x)
    {
        x = x > 20f ? 20f : x;
        (float square, float squareRest) = Product(x, x);
        (float cubic, float cubicRest) = Product(square, Cubic);
        float factor = cubic + Linear;
        float factorRest = Linear - factor + cubic + cubicRest + (squareRest * Cubic + (square * CubicRest + LinearRest));
        (float t, float rest) = Product(x, factor);
        rest += x * factorRest;
        t = t > 180f ? 180f : t; // zero after all: 2^(64 - 180) is still normal
        float n = RoundingShift - t - RoundingShift;
        return Power(-(t + n) - rest) * PowerOfTwo((int)n + 64);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> GeluTanhPower(Vector<float> x)
    {
        x = Vector.MinNative(new Vector<float>(20f), x);
        Vector<float> square = x * x, squareRest = Vector.FusedMultiplyAdd(x, x, -square);
        Vector<float> factor = Fused(square, Cubic, new Vector<float>(Linear));
        Vector<float> factorRest = Fused(square, Cubic, new Vector<float>(Linear) - factor)
            + Fused(squareRest, Cubic, Fused(square, CubicRest, new Vector<float>(LinearRest)));
        Vector<float> t = x * factor, rest = Vector.FusedMultiplyAdd(x, factorRest, Vector.FusedMultiplyAdd(x, factor, -t));
        t = Vector.MinNative(new Vector<float>(180f), t);
        Vector<float> shifted = new Vector<float>(RoundingShift) - t, n = shifted - new Vector<float>(RoundingShift);
        return Power(-(t + n) - rest) * PowerOfTwo(shifted, 64);
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors;

/// <summary>
/// Exponential, hyperbolic tangent and GELU in two forms, one number and one SIMD register, that do the same
/// operations in the same order and so give the same bits. The scalar forms use plain arithmetic only, so that they
/// also compile for GPUs.
/// </summary>
public static class VectorMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts; the first has few enough bits that n·Ln2High is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>Adding and taking away 1.5·2^23 rounds to the nearest integer.</summary>
    private const float RoundingShift = 12582912f;

    // Taylor coefficients 1/k! of e^r; what is left out is below 0.1 ulp for |r| ≤ ln(2)/2.
    private const float T2 = 1f / 2, T3 = 1f / 6, T4 = 1f / 24, T5 = 1f / 120, T6 = 1f / 720, T7 = 1f / 5040;

    // GELU's √(2/π) and cubic term (Hendrycks and Gimpel, 2016), with the factor 2 of e^(-2u).
    private const float TwiceSqrt2OverPi = 1.595769122f;
    private const float Cubic = 0.044715f;

    /// <summary>e^x within 2 ulp; overflows to infinity, underflows through subnormals to zero, NaN stays NaN.</summary>
    public static float Exp(float x)
    {
        // Beyond these bounds the result is infinite, or rounds to zero.
        x = x > 89f ? 89f : x;
        x = x < -104f ? -104f : x;
        float n = x * Log2E + RoundingShift - RoundingShift;
        float r = x - n * Ln2High - n * Ln2Low;
        return Scale(1f + ExpM1Reduced(r), (int)n);
    }

    /// <inheritdoc cref="Exp(float)"/>
    public static Vector<float> Exp(Vector<float> x)
    {
        x = Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<float>(89f)), new Vector<float>(89f), x);
        x = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(-104f)), new Vector<float>(-104f), x);
        Vector<float> n = x * Log2E + new Vector<float>(RoundingShift) - new Vector<float>(RoundingShift);
        Vector<float> r = x - n * Ln2High - n * Ln2Low;
        return Scale(Vector<float>.One + ExpM1Reduced(r), Vector.ConvertToInt32(n));
    }

    /// <summary>tanh x within 3 ulp, from e^2|x| - 1 so that small arguments lose nothing; NaN stays NaN.</summary>
    public static float Tanh(float x)
    {
        float magnitude = x < 0 ? -x : x;

        // From 10 on the result rounds to 1.
        float y = magnitude > 10f ? 20f : magnitude + magnitude;
        float n = y * Log2E + RoundingShift - RoundingShift;
        float r = y - n * Ln2High - n * Ln2Low;
        float power = PowerOfTwo((int)n);
        float expM1 = power * ExpM1Reduced(r) + (power - 1f);
        float tanh = expM1 / (expM1 + 2f);
        return x < 0 ? -tanh : tanh;
    }

    /// <inheritdoc cref="Tanh(float)"/>
    public static Vector<float> Tanh(Vector<float> x)
    {
        Vector<int> negative = Vector.LessThan(x, Vector<float>.Zero);
        Vector<float> magnitude = Vector.ConditionalSelect(negative, -x, x);
        Vector<float> y = Vector.ConditionalSelect(Vector.GreaterThan(magnitude, new Vector<float>(10f)), new Vector<float>(20f), magnitude + magnitude);
        Vector<float> n = y * Log2E + new Vector<float>(RoundingShift) - new Vector<float>(RoundingShift);
        Vector<float> r = y - n * Ln2High - n * Ln2Low;
        Vector<float> power = PowerOfTwo(Vector.ConvertToInt32(n));
        Vector<float> expM1 = power * ExpM1Reduced(r) + (power - Vector<float>.One);
        Vector<float> tanh = expM1 / (expM1 + new Vector<float>(2f));
        return Vector.ConditionalSelect(negative, -tanh, tanh);
    }

    /// <summary>
    /// GELU in its tanh form, x·(1 + tanh u)/2 with u = √(2/π)·(x + 0.044715·x³), written as x / (1 + e^-2u): no
    /// cancellation where tanh nears -1. Within 3 ulp for x &gt; -1 and within 2^-23·|x| everywhere: in the left tail the
    /// rounding of u, not of the exponential, limits the relative error. Exact for large |x|; NaN stays NaN.
    /// </summary>
    public static float Gelu(float x)
    {
        // Below -20 the result is -0 anyway, and -∞ / ∞ would be NaN.
        x = x < -20f ? -20f : x;
        float twiceU = TwiceSqrt2OverPi * (x + Cubic * x * x * x);
        return x / (1f + Exp(-twiceU));
    }

    /// <inheritdoc cref="Gelu(float)"/>
    public static Vector<float> Gelu(Vector<float> x)
    {
        x = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(-20f)), new Vector<float>(-20f), x);
        Vector<float> twiceU = TwiceSqrt2OverPi * (x + Cubic * x * x * x);
        return x / (Vector<float>.One + Exp(-twiceU));
    }

    /// <summary>d Gelu / dx = g + x·g·(1 - g)·2u', where g = 1 / (1 + e^-2u).</summary>
    public static float GeluDerivative(float x)
    {
        // Beyond ±10 the derivative is 0 or 1 in float32; the bounds keep e^-2u finite.
        x = x < -10f ? -10f : x;
        x = x > 10f ? 10f : x;
        float twiceU = TwiceSqrt2OverPi * (x + Cubic * x * x * x);
        float slope = TwiceSqrt2OverPi * (1f + 3f * Cubic * x * x);
        float e = Exp(-twiceU);
        float gate = 1f / (1f + e);
        return gate + x * gate * (e * gate) * slope;
    }

    /// <inheritdoc cref="GeluDerivative(float)"/>
    public static Vector<float> GeluDerivative(Vector<float> x)
    {
        x = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(-10f)), new Vector<float>(-10f), x);
        x = Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<float>(10f)), new Vector<float>(10f), x);
        Vector<float> twiceU = TwiceSqrt2OverPi * (x + Cubic * x * x * x);
        Vector<float> slope = TwiceSqrt2OverPi * (Vector<float>.One + 3f * Cubic * x * x);
        Vector<float> e = Exp(-twiceU);
        Vector<float> gate = Vector<float>.One / (Vector<float>.One + e);
        return gate + x * gate * (e * gate) * slope;
    }

    /// <summary>e^r - 1 for |r| ≤ ln(2)/2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ExpM1Reduced(float r) =>
        r + r * r * (T2 + r * (T3 + r * (T4 + r * (T5 + r * (T6 + r * T7)))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ExpM1Reduced(Vector<float> r) =>
        r + r * r * (new Vector<float>(T2) + r * (new Vector<float>(T3) + r * (new Vector<float>(T4)
            + r * (new Vector<float>(T5) + r * (new Vector<float>(T6) + r * T7)))));

    /// <summary>x·2^n in two steps, because 2^n alone may be out of range while the product is not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(float x, int n)
    {
        int half = n >> 1;
        return x * PowerOfTwo(half) * PowerOfTwo(n - half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Scale(Vector<float> x, Vector<int> n)
    {
        Vector<int> half = Vector.ShiftRightArithmetic(n, 1);
        return x * PowerOfTwo(half) * PowerOfTwo(n - half);
    }

    /// <summary>2^n for a normal result: the exponent bits of a float32. The one place that looks at bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float PowerOfTwo(int n) => BitConverter.Int32BitsToSingle((n + 127) << 23);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> PowerOfTwo(Vector<int> n) =>
        Vector.AsVectorSingle(Vector.ShiftLeft(n + new Vector<int>(127), 23));
}

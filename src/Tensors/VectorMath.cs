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

    // GELU's √(2/π) and cubic term (Hendrycks and Gimpel, 2016), with the factor 2 of e^(-2u), and what float32
    // rounds off them.
    private const float TwiceSqrt2OverPi = 1.595769122f, TwiceSqrt2OverPiRest = (float)(1.5957691216057308 - TwiceSqrt2OverPi);
    private const float Cubic = 0.044715f, CubicRest = (float)(0.044715 - Cubic);

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
    /// cancellation where tanh nears -1. Within 3 ulp; results nearer to 0 than -3e-38 (x &lt; -10) become -0; exact for large
    /// |x|; NaN stays NaN.
    /// </summary>
    public static float Gelu(float x)
    {
        (float high, float low) = TwiceU(x);
        float e = Exp(-high);
        return Bounded(x) / (1f + e * (1f - low)); // e^-(high + low); e may be infinite

        // Below -20 the result is -0 anyway, and -∞ / ∞ would be NaN.
        static float Bounded(float x) => x < -20f ? -20f : x;
    }

    /// <inheritdoc cref="Gelu(float)"/>
    public static Vector<float> Gelu(Vector<float> x)
    {
        (Vector<float> high, Vector<float> low) = TwiceU(x);
        Vector<float> e = Exp(-high);
        return Bounded(x) / (Vector<float>.One + e * (Vector<float>.One - low));

        static Vector<float> Bounded(Vector<float> x) =>
            Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(-20f)), new Vector<float>(-20f), x);
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

    /// <summary>
    /// 2u of GELU for x bounded to ±20, as an unevaluated sum of two numbers. In the left tail e^-2u turns an error of
    /// one ulp in 2u = 80 into 80 ulp, so every product keeps what its rounding loses.
    /// </summary>
    private static (float High, float Low) TwiceU(float x)
    {
        x = x < -20f ? -20f : x;
        x = x > 20f ? 20f : x;
        (float square, float squareLow) = Product(x, x);
        (float cubic, float cubicLow) = Product(Cubic, square);
        float sum = 1f + cubic, added = sum - 1f;
        float sumLow = 1f - (sum - added) + (cubic - added) + (cubicLow + (CubicRest * square + Cubic * squareLow));
        (float scaled, float scaledLow) = Product(TwiceSqrt2OverPi, x);
        (float high, float low) = Product(scaled, sum);
        return (high, low + (scaled * sumLow + (scaledLow + TwiceSqrt2OverPiRest * x) * sum));
    }

    private static (Vector<float> High, Vector<float> Low) TwiceU(Vector<float> x)
    {
        x = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(-20f)), new Vector<float>(-20f), x);
        x = Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<float>(20f)), new Vector<float>(20f), x);
        (Vector<float> square, Vector<float> squareLow) = Product(x, x);
        (Vector<float> cubic, Vector<float> cubicLow) = Product(new Vector<float>(Cubic), square);
        Vector<float> sum = Vector<float>.One + cubic, added = sum - Vector<float>.One;
        Vector<float> sumLow = Vector<float>.One - (sum - added) + (cubic - added) + (cubicLow + (CubicRest * square + Cubic * squareLow));
        (Vector<float> scaled, Vector<float> scaledLow) = Product(new Vector<float>(TwiceSqrt2OverPi), x);
        (Vector<float> high, Vector<float> low) = Product(scaled, sum);
        return (high, low + (scaled * sumLow + (scaledLow + TwiceSqrt2OverPiRest * x) * sum));
    }

    /// <summary>
    /// a·b and what its rounding loses, exactly (Dekker 1971). The vector form gets the same from a fused
    /// multiply-add, which kernels for GPUs must not call.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float High, float Low) Product(float a, float b)
    {
        float high = a * b;
        float aTop = a * 4097f - (a * 4097f - a), bTop = b * 4097f - (b * 4097f - b);
        float aRest = a - aTop, bRest = b - bTop;
        return (high, aTop * bTop - high + aTop * bRest + aRest * bTop + aRest * bRest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<float> High, Vector<float> Low) Product(Vector<float> a, Vector<float> b)
    {
        Vector<float> high = a * b;
        return (high, Vector.FusedMultiplyAdd(a, b, -high));
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

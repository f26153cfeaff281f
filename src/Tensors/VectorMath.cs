using System.Numerics;
using System.Runtime.CompilerServices;
using ILGPU;

namespace Sharpformer.Tensors;

/// <summary>
/// Exponential, hyperbolic tangent and activations in two forms: one number in plain arithmetic, which also compiles for
/// GPUs, and one SIMD register, which fuses multiplications with additions. Both keep the stated accuracy; their last bits
/// may differ.
/// </summary>
public static partial class VectorMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts; the first has few enough bits that n·Ln2High is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>Adding 1.5·2^23 rounds to the nearest integer, which then stands in the lowest bits.</summary>
    private const float RoundingShift = 12582912f;

    // (e^r - 1 - r) / r² for |r| ≤ ln(2)/2, interpolated at Chebyshev's points: e^r is good to 0.1 ulp.
    private const float E2 = 0.5f, E3 = 0.166665770201f, E4 = 0.0416665546552f, E5 = 0.00836317398668f, E6 = 0.00139261772594f;

    // (2^r - 1) / r for |r| ≤ 1/2, likewise.
    private const float P1 = 0.693147188028f, P2 = 0.240226507606f, P3 = 0.0555035710765f,
        P4 = 0.00961808255159f, P5 = 0.00133908668689f, P6 = 0.00015453165979f;

    /// <summary>2^64 and its reciprocal: what keeps the power of two of a tiny result in range until the last step.</summary>
    private const float Up = 18446744073709551616f, Down = 1 / Up;

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        // Where one operand is NaN these give the second: x.
        x = Vector.MaxNative(new Vector<float>(-104f), Vector.MinNative(new Vector<float>(89f), x));
        Vector<float> n = Fused(x, Log2E, new Vector<float>(RoundingShift)) - new Vector<float>(RoundingShift);
        Vector<float> r = Fused(n, -Ln2Low, Fused(n, -Ln2High, x));
        return Scale(Vector<float>.One + ExpM1Reduced(r), Vector.ConvertToInt32(n));
    }

    /// <summary>e^x for x ≤ 0, as <see cref="Exp(Vector{float})"/> but cheaper: what softmax takes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> ExpOfNegative(Vector<float> x)
    {
        x = Vector.MaxNative(new Vector<float>(-104f), x);
        Vector<float> shifted = Fused(x, Log2E, new Vector<float>(RoundingShift)), n = shifted - new Vector<float>(RoundingShift);
        Vector<float> r = Fused(n, -Ln2Low, Fused(n, -Ln2High, x));
        return (Vector<float>.One + ExpM1Reduced(r)) * PowerOfTwo(shifted, 64) * Down;
    }

    /// <summary>
    /// 2^64·2^(x·(y + yRest)) within 2 ulp for products from -151 to 0. The polynomial is added up in pairs (Estrin 1960), which
    /// waits for fewer results than <see cref="Power(Vector{float})"/> does.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> PowerOfProduct(Vector<float> x, Vector<float> y, Vector<float> yRest)
    {
        // With 64 and the exponent's bias in the number that rounds, the lowest bits are an exponent already.
        Vector<float> rounding = new(RoundingShift + 64 + 127), shifted = Vector.FusedMultiplyAdd(x, y, rounding);
        Vector<float> r = Vector.FusedMultiplyAdd(x, yRest, Vector.FusedMultiplyAdd(x, y, rounding - shifted));
        Vector<float> square = r * r, high = Vector.FusedMultiplyAdd(Fused(r, P6, new(P5)), square, Fused(r, P4, new(P3)));
        Vector<float> power = Vector.FusedMultiplyAdd(Vector.FusedMultiplyAdd(high, square, Fused(r, P2, new(P1))), r, Vector<float>.One);
        return power * Vector.AsVectorSingle(Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23));
    }

    /// <summary>log(1 + x) within 2 ulp for x from 0 to 1, however small: 2·artanh(x / (2 + x)) as a series.</summary>
    public static float Log1P(float x)
    {
        float s = x / (2f + x), square = s * s; // s is a third at most
        float ninth = 1f / 9 + square * (1f / 11 + square * (1f / 13));
        return 2f * s * (1f + square * (1f / 3 + square * (1f / 5 + square * (1f / 7 + square * ninth))));
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
        Vector<float> y = Vector.ConditionalSelect(
            Vector.GreaterThan(magnitude, new Vector<float>(10f)), new Vector<float>(20f), magnitude + magnitude);
        Vector<float> n = y * Log2E + new Vector<float>(RoundingShift) - new Vector<float>(RoundingShift);
        Vector<float> r = y - n * Ln2High - n * Ln2Low;
        Vector<float> power = PowerOfTwo(Vector.ConvertToInt32(n));
        Vector<float> expM1 = power * ExpM1Reduced(r) + (power - Vector<float>.One);
        Vector<float> tanh = expM1 / (expM1 + new Vector<float>(2f));
        return Vector.ConditionalSelect(negative, -tanh, tanh);
    }

    /// <summary>
    /// 2^64·e^-(z + zRest) within 1 ulp for z from 0 to 120, zRest being what the rounding of z has lost: an error of one ulp in z = 100
    /// would be one of 64 ulp in the power.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Decay(float z, float zRest)
    {
        float n = RoundingShift - z * Log2E - RoundingShift;
        float r = -(n * Ln2High + z) - n * Ln2Low - zRest;
        return (1f + ExpM1Reduced(r)) * PowerOfTwo((int)n + 64);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Decay(Vector<float> z, Vector<float> zRest)
    {
        Vector<float> shifted = Fused(z, -Log2E, new Vector<float>(RoundingShift)), n = shifted - new Vector<float>(RoundingShift);
        Vector<float> r = Fused(n, -Ln2Low, -Fused(n, Ln2High, z)) - zRest;
        return (Vector<float>.One + ExpM1Reduced(r)) * PowerOfTwo(shifted, 64);
    }

    /// <summary>
    /// x·σ(u) from e = 2^64·e^-|u|, u having the sign of x: x / (1 + e^-u), which for negative x is x·e^u / (1 + e^u). No
    /// cancellation where σ nears 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Gated(float x, float e)
    {
        float bounded = x < -120f ? -120f : x; // below, the result is -0 anyway, and -∞ · 0 would be NaN
        return (x < 0f ? bounded * e * Down : x) / (1f + e * Down);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Gated(Vector<float> x, Vector<float> e)
    {
        Vector<float> bounded = Vector.MaxNative(new Vector<float>(-120f), x);
        Vector<float> numerator = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), bounded * e * Down, x);
        return numerator / Fused(e, Down, Vector<float>.One);
    }

    /// <summary>
    /// d x·σ(u) / dx = g + x·g·(1 - g)·u' with g = σ(u), from e = e^-|u|. With h = g at |x| that is h + |x|·e·h²·u', and for
    /// negative x e·h less the same.
    /// </summary>
    /// <param name="x">x.</param>
    /// <param name="rise">|x|·u'.</param>
    /// <param name="e">e^-|u|.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float GatedDerivative(float x, float rise, float e)
    {
        float gate = 1f / (1f + e);
        float bend = rise * (e * gate * gate);
        return x < 0f ? e * gate - bend : gate + bend;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> GatedDerivative(Vector<float> x, Vector<float> rise, Vector<float> e)
    {
        Vector<float> gate = Vector<float>.One / (Vector<float>.One + e);
        Vector<float> bend = rise * (e * gate * gate);
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), e * gate - bend, gate + bend);
    }

    /// <summary>
    /// a·b and what its rounding loses, exactly (Dekker 1971). The vector forms get it from a fused multiply-add, which
    /// kernels for GPUs must not call.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float High, float Low) Product(float a, float b)
    {
        float high = a * b;
        float aTop = a * 4097f - (a * 4097f - a), bTop = b * 4097f - (b * 4097f - b);
        float aRest = a - aTop, bRest = b - bTop;
        return (high, aTop * bTop - high + aTop * bRest + aRest * bTop + aRest * bRest);
    }

    /// <summary>e^r - 1 for |r| ≤ ln(2)/2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ExpM1Reduced(float r) => r + r * r * (E2 + r * (E3 + r * (E4 + r * (E5 + r * E6))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ExpM1Reduced(Vector<float> r)
    {
        Vector<float> p = Fused(r, E6, new Vector<float>(E5));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(E4));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(E3));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(E2));
        return Vector.FusedMultiplyAdd(r * r, p, r);
    }

    /// <summary>2^r for |r| ≤ 1/2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Power(float r) => 1f + r * (P1 + r * (P2 + r * (P3 + r * (P4 + r * (P5 + r * P6)))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Power(Vector<float> r)
    {
        Vector<float> p = Fused(r, P6, new Vector<float>(P5));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(P4));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(P3));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(P2));
        p = Vector.FusedMultiplyAdd(r, p, new Vector<float>(P1));
        return Vector.FusedMultiplyAdd(r, p, Vector<float>.One);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Fused(Vector<float> x, float y, Vector<float> z) => Vector.FusedMultiplyAdd(x, new Vector<float>(y), z);

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
    private static float PowerOfTwo(int n) => Interop.IntAsFloat((uint)(n + 127) << 23);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> PowerOfTwo(Vector<int> n) =>
        Vector.AsVectorSingle(Vector.ShiftLeft(n + new Vector<int>(127), 23));

    /// <summary>
    /// 2^(n + more), n being what <see cref="RoundingShift"/> rounded to in the lowest bits of <paramref name="shifted"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> PowerOfTwo(Vector<float> shifted, int more) =>
        Vector.AsVectorSingle(Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23) + new Vector<int>((127 + more) << 23));
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors;

/// <content>
/// GELU itself, x·Φ(x) with the normal distribution Φ(x) = ½(1 + erf(x/√2)). Its lower tail is a Gaussian times a function that
/// hardly bends, Φ(-y) = e^(-y²/2)·m(y), m being ½·e^(y²/2)·erfc(y/√2): no digit is lost however far out.
/// </content>
public static partial class VectorMath
{
    // m(y) for y from 0 to 15 as a quotient, after Cody (1969), that meets m at Chebyshev's points, moved so that half of them lie
    // below 3.75: good to 0.2 ulp. No coefficient is negative, so no step of either polynomial cancels.
    private const float N0 = 0.5f, N1 = 0.431657265958f, N2 = 0.178073280318f, N3 = 0.0388243130636f, N4 = 0.00382944431012f;
    private const float D1 = 1.66119910554f, D2 = 1.18159099542f, D3 = 0.455789696157f, D4 = 0.0973256636787f, D5 = 0.00959885246917f;

    /// <summary>1/√(2π): the normal density is this times e^(-y²/2).</summary>
    private const float NormalPeak = 0.398942280401f;

    /// <summary>GELU, x·Φ(x). Within 6 ulp; exact for large |x|; NaN stays NaN.</summary>
    public static float Gelu(float x)
    {
        float y = x < 0f ? -x : x;
        y = y > 15f ? 15f : y; // Φ(-15)·15 is 0 in float32
        float tail = NormalDecay(y) * Mills(y); // 2^64·Φ(-y)
        float bounded = x < -15f ? -15f : x;
        return x < 0f ? bounded * tail * Down : x * (1f - tail * Down);
    }

    /// <inheritdoc cref="Gelu(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Gelu(Vector<float> x)
    {
        Vector<float> y = Vector.MinNative(new Vector<float>(15f), Vector.Abs(x));
        Vector<float> tail = NormalDecay(y) * Mills(y);
        Vector<float> bounded = Vector.MaxNative(new Vector<float>(-15f), x);
        return Vector.ConditionalSelect(
            Vector.LessThan(x, Vector<float>.Zero), bounded * tail * Down, x * Fused(tail, -Down, Vector<float>.One));
    }

    /// <summary>
    /// d Gelu / dx = Φ(x) + x·φ(x) with the density φ, within a few rounding errors of 1. Below 0 that is e^(-y²/2)·(m(y) - y/√(2π))
    /// at y = |x|, and above 1 less the same.
    /// </summary>
    public static float GeluDerivative(float x)
    {
        float y = x < 0f ? -x : x;
        y = y > 15f ? 15f : y;
        float below = NormalDecay(y) * (Mills(y) - y * NormalPeak) * Down;
        return x < 0f ? below : 1f - below;
    }

    /// <inheritdoc cref="GeluDerivative(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluDerivative(Vector<float> x)
    {
        Vector<float> y = Vector.MinNative(new Vector<float>(15f), Vector.Abs(x));
        Vector<float> below = NormalDecay(y) * Fused(y, -NormalPeak, Mills(y)) * Down;
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), below, Vector<float>.One - below);
    }

    /// <summary>2^64·e^(-y²/2) for y from 0 to 15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float NormalDecay(float y)
    {
        (float z, float rest) = Product(y, 0.5f * y);
        return Decay(z, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> NormalDecay(Vector<float> y)
    {
        Vector<float> half = y * 0.5f, z = y * half;
        return Decay(z, Vector.FusedMultiplyAdd(y, half, -z));
    }

    /// <summary>m(y) = e^(y²/2)·Φ(-y) for y from 0 to 15: Mills' ratio over √(2π).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Mills(float y) =>
        (N0 + y * (N1 + y * (N2 + y * (N3 + y * N4)))) / (1f + y * (D1 + y * (D2 + y * (D3 + y * (D4 + y * D5)))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Mills(Vector<float> y)
    {
        Vector<float> n = Fused(y, N4, new Vector<float>(N3)), d = Fused(y, D5, new Vector<float>(D4));
        n = Vector.FusedMultiplyAdd(y, n, new Vector<float>(N2));
        n = Vector.FusedMultiplyAdd(y, n, new Vector<float>(N1));
        n = Vector.FusedMultiplyAdd(y, n, new Vector<float>(N0));
        d = Vector.FusedMultiplyAdd(y, d, new Vector<float>(D3));
        d = Vector.FusedMultiplyAdd(y, d, new Vector<float>(D2));
        d = Vector.FusedMultiplyAdd(y, d, new Vector<float>(D1));
        return n / Vector.FusedMultiplyAdd(y, d, Vector<float>.One);
    }
}

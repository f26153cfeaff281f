using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors;

/// <content>x·σ(x) and x·σ(1.702x).</content>
public static partial class VectorMath
{
    /// <summary>QuickGelu's factor (Hendrycks and Gimpel 2016), and what is lost as it becomes a float32.</summary>
    private const float Quick = 1.702f, QuickRest = (float)(1.702 - Quick);

    /// <summary>SiLU, x·σ(x). Within 3 ulp; exact for large |x|; NaN stays NaN.</summary>
    public static float Silu(float x)
    {
        float y = x < 0f ? -x : x;
        return Gated(x, Decay(y > 120f ? 120f : y, 0f));
    }

    /// <inheritdoc cref="Silu(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Silu(Vector<float> x) =>
        Gated(x, Decay(Vector.MinNative(new Vector<float>(120f), Vector.Abs(x)), Vector<float>.Zero));

    /// <summary>d Silu / dx = g + x·g·(1 - g) with g = σ(x), within a few rounding errors of 1.</summary>
    public static float SiluDerivative(float x)
    {
        float y = x < 0f ? -x : x;
        y = y > 120f ? 120f : y;
        return GatedDerivative(x, y, Decay(y, 0f) * Down);
    }

    /// <inheritdoc cref="SiluDerivative(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> SiluDerivative(Vector<float> x)
    {
        Vector<float> y = Vector.MinNative(new Vector<float>(120f), Vector.Abs(x));
        return GatedDerivative(x, y, Decay(y, Vector<float>.Zero) * Down);
    }

    /// <summary>GELU's approximation by a sigmoid, x·σ(1.702x). Within 3 ulp; exact for large |x|; NaN stays NaN.</summary>
    public static float QuickGelu(float x)
    {
        float y = x < 0f ? -x : x;
        return Gated(x, QuickDecay(y > 70f ? 70f : y));
    }

    /// <inheritdoc cref="QuickGelu(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> QuickGelu(Vector<float> x) => Gated(x, QuickDecay(Vector.MinNative(new Vector<float>(70f), Vector.Abs(x))));

    /// <summary>d QuickGelu / dx = g + 1.702x·g·(1 - g) with g = σ(1.702x), within a few rounding errors of 1.</summary>
    public static float QuickGeluDerivative(float x)
    {
        float y = x < 0f ? -x : x;
        y = y > 70f ? 70f : y;
        return GatedDerivative(x, y * Quick, QuickDecay(y) * Down);
    }

    /// <inheritdoc cref="QuickGeluDerivative(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> QuickGeluDerivative(Vector<float> x)
    {
        Vector<float> y = Vector.MinNative(new Vector<float>(70f), Vector.Abs(x));
        return GatedDerivative(x, y * Quick, QuickDecay(y) * Down);
    }

    /// <summary>2^64·e^-1.702y for y from 0 to 70.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float QuickDecay(float y)
    {
        (float z, float rest) = Product(y, Quick);
        return Decay(z, rest + y * QuickRest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> QuickDecay(Vector<float> y)
    {
        Vector<float> z = y * Quick;
        return Decay(z, Fused(y, QuickRest, Fused(y, Quick, -z)));
    }
}

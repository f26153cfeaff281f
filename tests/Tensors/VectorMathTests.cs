using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class VectorMathTests
{
    internal static readonly float[] ExtremeValues =
    [
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, 300, -300, float.MaxValue, float.MinValue,
        0, -0f, float.Epsilon, -float.Epsilon,
    ];

    /// <summary>Every 99 991st float32 pattern: all exponents and both signs, NaN and infinities apart.</summary>
    internal static IEnumerable<float> Sweep()
    {
        for (long bits = 0; bits <= uint.MaxValue; bits += 99_991)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            if (float.IsFinite(x)) yield return x;
        }

        for (int i = -30_000; i <= 30_000; i++) yield return i * 0.0037f;
        foreach (float x in new[] { 300, -300, 88.72283f, 88.72284f, -87.33655f, -103.97f, -103.98f, -104, 89, 10, -10, 20, -20 })
            yield return x;
    }

    [Fact]
    public void Exp_is_within_two_ulp_everywhere()
    {
        foreach (float x in Sweep())
        {
            Ulps(Math.Exp(x), VectorMath.Exp(x), 2, "exp", x);
            Ulps(Math.Exp(x), VectorMath.Exp(new Vector<float>(x))[0], 2, "exp in a lane", x);
            if (x <= 0) Ulps(Math.Exp(x), VectorMath.ExpOfNegative(new Vector<float>(x))[0], 2, "exp of a negative number", x);
        }
    }

    [Fact]
    public void Tanh_is_within_three_ulp_everywhere()
    {
        foreach (float x in Sweep())
        {
            Ulps(Math.Tanh(x), VectorMath.Tanh(x), 3, "tanh", x);
            Ulps(Math.Tanh(x), VectorMath.Tanh(new Vector<float>(x))[0], 3, "tanh in a lane", x);
        }
    }

    [Fact]
    public void Extremes()
    {
        float infinity = float.PositiveInfinity;
        Assert.Equal([0, infinity, 0, infinity, 1], new[] { -infinity, infinity, -300, 300, 0 }.Select(VectorMath.Exp));
        Assert.Equal(float.Epsilon, VectorMath.Exp(-103.5f));
        Assert.Equal([-1, 1, -1, 1, 0], new[] { -infinity, infinity, -300, 300, 0 }.Select(VectorMath.Tanh));
        Func<float, float>[] functions = [VectorMath.Exp, VectorMath.Tanh];
        foreach (Func<float, float> function in functions) Assert.Equal(float.NaN, function(float.NaN));
        Assert.Equal(float.NaN, VectorMath.ExpOfNegative(new Vector<float>(float.NaN))[0]);
        Assert.Equal(0, VectorMath.ExpOfNegative(new Vector<float>(-infinity))[0]);
    }

    [Fact]
    public void Extremes_in_a_lane_are_those_of_one_number()
    {
        foreach (float x in ExtremeValues)
        {
            var v = new Vector<float>(x);
            SameBits(VectorMath.Exp(x), VectorMath.Exp(v)[0], "exp", x);
            SameBits(VectorMath.Tanh(x), VectorMath.Tanh(v)[0], "tanh", x);
        }
    }

    [Fact]
    public void A_lane_does_not_depend_on_its_neighbours()
    {
        float[] x = [.. Sweep(), float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        for (int i = 0; i + Vector<float>.Count <= x.Length; i += Vector<float>.Count)
        {
            var v = new Vector<float>(x, i);
            Vector<float> exp = VectorMath.Exp(v);
            for (int lane = 0; lane < Vector<float>.Count; lane++)
                SameBits(VectorMath.Exp(new Vector<float>(v[lane]))[0], exp[lane], "exp", v[lane]);
        }
    }

    internal static void SameBits(float scalar, float lane, string function, float x)
    {
        if (float.IsNaN(scalar) && float.IsNaN(lane)) return;
        if (BitConverter.SingleToInt32Bits(scalar) != BitConverter.SingleToInt32Bits(lane))
            Assert.Fail($"{function}({x:R}): {scalar:R} alone, {lane:R} in a lane.");
    }

    /// <summary>Compares in units of the last place of the exact result rounded to float32.</summary>
    internal static void Ulps(double exact, float actual, double bound, string function, float x)
    {
        float rounded = (float)exact;
        if (rounded == actual) return;
        double ulp = Math.Max(float.Epsilon, Math.Abs(rounded) * Math.Pow(2, -23));
        double error = Math.Abs(exact - actual) / ulp;
        if (!(error <= bound)) Assert.Fail($"{function}({x:R}): expected {exact:R}, got {actual:R}, {error:f2} ulp off, bound {bound:f2}.");
    }
}

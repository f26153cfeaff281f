using System.Numerics;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Autograd;

namespace Sharpformer.Tests.Tensors;

/// <summary>The activations of <see cref="VectorMath"/> over all of float32.</summary>
public sealed class ActivationMathTests
{
    private sealed record Function(
        Activation Activation, int Ulps, Func<float, float> Value, Func<Vector<float>, Vector<float>> Lanes,
        Func<float, float> Slope, Func<Vector<float>, Vector<float>> Slopes)
    {
        public float Lane(float x) => Lanes(new Vector<float>(x))[0];

        public float SlopeLane(float x) => Slopes(new Vector<float>(x))[0];
    }

    private static readonly Function[] All =
    [
        new(Activation.GeluTanh, 3, VectorMath.GeluTanh, VectorMath.GeluTanh, VectorMath.GeluTanhDerivative, VectorMath.GeluTanhDerivative),
        new(Activation.Gelu, 6, VectorMath.Gelu, VectorMath.Gelu, VectorMath.GeluDerivative, VectorMath.GeluDerivative),
        new(Activation.Silu, 3, VectorMath.Silu, VectorMath.Silu, VectorMath.SiluDerivative, VectorMath.SiluDerivative),
        new(
            Activation.QuickGelu, 3,
            VectorMath.QuickGelu, VectorMath.QuickGelu, VectorMath.QuickGeluDerivative, VectorMath.QuickGeluDerivative),
    ];

    public static TheoryData<Activation> Names => new(All.Select(function => function.Activation));

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_are_within_a_few_ulp_everywhere(Activation activation)
    {
        Function f = Of(activation);
        foreach (float x in VectorMathTests.Sweep())
        {
            double exact = Reference.Activate(x, activation);
            foreach (float actual in (float[])[f.Value(x), f.Lane(x)])
            {
                VectorMathTests.Ulps(exact, actual, f.Ulps, $"{activation}", x);
                Assert.True(x < 0 ? actual is <= 0 and > -0.3f : actual >= 0 && actual <= x, $"{activation}({x:R}) is {actual:R}.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Derivatives_are_within_a_few_rounding_errors_of_one(Activation activation)
    {
        Function f = Of(activation);
        foreach (float x in VectorMathTests.Sweep())
        {
            double exact = Reference.ActivateSlope(x, activation);
            foreach (float actual in (float[])[f.Slope(x), f.SlopeLane(x)])
            {
                Assert.InRange(actual, -0.13f, 1.13f);
                Devices.Close(exact, actual, 3e-7, $"{activation}'({x})");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Extremes(Activation activation)
    {
        Function f = Of(activation);
        float infinity = float.PositiveInfinity;
        Assert.Equal([-0f, infinity, -0f, 300, 0], new[] { -infinity, infinity, -300, 300, 0 }.Select(f.Value));
        Assert.Equal([1, 1, 0.5f], new[] { infinity, 300, 0 }.Select(f.Slope));
        Assert.InRange(f.Slope(-infinity), -1e-30f, 1e-30f);
        Assert.Equal(float.NaN, f.Value(float.NaN));
        Assert.Equal(float.NaN, f.Slope(float.NaN));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Extremes_in_a_lane_are_those_of_one_number(Activation activation)
    {
        Function f = Of(activation);
        foreach (float x in VectorMathTests.ExtremeValues)
        {
            VectorMathTests.SameBits(f.Value(x), f.Lane(x), $"{activation}", x);
            Devices.Close(f.Slope(x), f.SlopeLane(x), 1e-35, $"{activation}'({x})");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_lane_does_not_depend_on_its_neighbours(Activation activation)
    {
        Function f = Of(activation);
        float[] x = [.. VectorMathTests.Sweep(), float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        for (int i = 0; i + Vector<float>.Count <= x.Length; i += Vector<float>.Count)
        {
            var v = new Vector<float>(x, i);
            (Vector<float> values, Vector<float> slopes) = (f.Lanes(v), f.Slopes(v));
            for (int lane = 0; lane < Vector<float>.Count; lane++)
            {
                VectorMathTests.SameBits(f.Lane(v[lane]), values[lane], $"{activation}", v[lane]);
                VectorMathTests.SameBits(f.SlopeLane(v[lane]), slopes[lane], $"{activation}'", v[lane]);
            }
        }
    }

    private static Function Of(Activation activation) => All.Single(function => function.Activation == activation);
}

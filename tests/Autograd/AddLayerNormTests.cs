using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class AddLayerNormTests
{
    private const float Epsilon = 1e-5f;

    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64_where_both_results_are_used_or_one(string name)
    {
        foreach ((int R, int C) in new[] { (1, 3), (3, 7), (7, 17), (2, 33), (1, 100), (5, 8) })
        {
            Input x = Input.Random(1, R, C), y = Input.Random(2, R, C), gain = Input.Random(3, C), bias = Input.Random(4, C);
            Input frozenGain = gain with { IsConstant = true }, frozenBias = bias with { IsConstant = true };
            GradientCheck.Run(name, Both, BothInFloat64, x, y, gain, bias);
            GradientCheck.Run(name, Both, BothInFloat64, x, y with { IsConstant = true }, frozenGain, frozenBias);
            GradientCheck.Run(name, Both, BothInFloat64, x with { IsConstant = true }, y, gain, frozenBias);
            GradientCheck.Run(name, v => AddLayerNorm(v[0], v[1], v[2], v[3], Epsilon).Norm, Norm, x, y, gain, bias);
            GradientCheck.Run(name, v => AddLayerNorm(v[0], v[1], v[2], v[3], Epsilon).Sum, Sum, x, y, frozenGain, frozenBias);
        }

        static Variable Both(Variable[] v)
        {
            (Variable sum, Variable norm) = AddLayerNorm(v[0], v[1], v[2], v[3], Epsilon);
            return Add(Scale(sum, 0.5f), norm);
        }

        static double[] Sum(double[][] a) => Reference.Map(a[0], a[1], (p, q) => p + q);
        static double[] Norm(double[][] a) => Reference.LayerNorm(Sum(a), a[2], a[3], Epsilon);
        static double[] BothInFloat64(double[][] a) => Reference.Map(Sum(a), Norm(a), (s, n) => 0.5 * s + n);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Has_the_bits_of_the_two_operations_and_of_each_row_alone(string name)
    {
        using Device device = Devices.Create(name);
        foreach ((int R, int C) in new[] { (3, 7), (400, 65) })
        {
            Tensor x = device.From(Devices.Values(R * C, 1), R, C), y = device.From(Devices.Values(R * C, 2), R, C);
            Tensor gain = device.From(Devices.Values(C, 3), C), bias = device.From(Devices.Values(C, 4), C);
            (Variable sum, Variable norm) = AddLayerNorm(x, y, gain, bias, Epsilon);
            Variable apart = Add(x, y);
            Devices.SameBits(apart.Value.ToArray(), sum.Value.ToArray(), "sum");
            Devices.SameBits(LayerNorm(apart, gain, bias, Epsilon).Value.ToArray(), norm.Value.ToArray(), "norm");
            Variable alone = AddLayerNorm(x.Slice(R - 1, 1), y.Slice(R - 1, 1), gain, bias, Epsilon).Norm;
            Devices.SameBits(norm.Value.Slice(R - 1, 1).ToArray(), alone.Value.ToArray(), "last row");
        }
    }

    [Fact]
    public void Misfits_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(2, 4)), row = device.Zeros(new Shape(4)), shorter = device.Zeros(new Shape(3));
        Refused("AddLayerNorm: [2,4] and [4], expected equal shapes", () => AddLayerNorm(x, row, row, row, Epsilon));
        Refused("AddLayerNorm: x [2,4], gain [3], bias [4], expected [4] for both", () => AddLayerNorm(x, x, shorter, row, Epsilon));
        Refused("gain [4], bias [2,4]", () => AddLayerNorm(x, x, row, x, Epsilon));

        static void Refused(string message, Action operation) =>
            Fails.With<ArgumentException>(message, operation);
    }
}

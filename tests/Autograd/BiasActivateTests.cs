using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class BiasActivateTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach (Activation f in Enum.GetValues<Activation>())
        {
            foreach ((int R, int C) in new[] { (1, 1), (3, 7), (7, 17), (2, 33), (1, 100), (5, 8) })
            {
                Input x = Input.Random(1, R, C), bias = Input.Random(2, C);
                Check(x, bias);
                Check(x, bias with { IsConstant = true }); // frozen weights, as in editing
                Check(x with { IsConstant = true }, bias);
            }

            void Check(Input x, Input bias) =>
                GradientCheck.Run(
                    name, v => BiasActivate(v[0], v[1], f), a => Reference.Map(a[0], a[1], (p, q) => Reference.Activate(p + q, f)),
                    x, bias);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Has_the_bits_of_the_two_operations_also_far_out(string name)
    {
        using Device device = Devices.Create(name);
        foreach (Activation f in Enum.GetValues<Activation>())
        {
            Check(f, 3, 9);
            Check(f, 300, 131);
        }

        void Check(Activation f, int R, int C)
        {
            float[] values = [.. Devices.Values(R * C).Select((v, i) => i % 5 == 0 ? v * 150 : i % 7 == 0 ? v * 10 : v)];
            values[1] = float.NaN;
            (float[] y, float[] dX) = Run(v => BiasActivate(v, device.From(Devices.Values(C, 2), C), f));
            (float[] expected, float[] expectedGradient) = Run(v => Activate(Add(v, device.From(Devices.Values(C, 2), C)), f));
            Devices.SameBits(expected, y, $"{f}, value");
            Devices.SameBits(expectedGradient, dX, $"{f}, gradient");
            Assert.True(float.IsNaN(y[1]) && float.IsFinite(y[0]) && float.IsFinite(y[^1]));

            (float[] Value, float[] Gradient) Run(Func<Variable, Variable> operation)
            {
                var tape = new Tape();
                Variable x = tape.Parameter(device.From(values, R, C));
                Variable result = operation(x);
                tape.Backward(Sum(result));
                return (result.Value.ToArray(), x.Gradient!.ToArray());
            }
        }
    }

    [Fact]
    public void Misfits_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(4, 6));
        ArgumentException e = Assert.Throws<ArgumentException>(() => BiasActivate(x, device.Zeros(new Shape(3)), Activation.Silu));
        Assert.Contains("BiasActivate: [4,6] and [3]", e.Message, StringComparison.Ordinal);
    }
}

using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class ActivateTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach (Activation f in Enum.GetValues<Activation>())
            foreach (int length in (int[])[1, 3, 7, 8, 17, 33, 100])
                GradientCheck.Run(
                    name, v => Activate(v[0], f), x => Array.ConvertAll(x[0], e => Reference.Activate(e, f)),
                    Input.Random(length, length));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_the_identity_or_zero_far_out(string name)
    {
        using Device device = Devices.Create(name);
        foreach (Activation f in Enum.GetValues<Activation>())
        {
            var tape = new Tape();
            float infinity = float.PositiveInfinity;
            Variable x = tape.Parameter(
                device.From([-300, 300, -infinity, 30, infinity, -110, 1e-40f, 1e30f, -1e30f, 120, float.MinValue], 11));
            Variable y = Activate(x, f);
            float[] values = y.Value.ToArray();
            Assert.InRange(values[6], 0.4e-40f, 1.1e-40f);
            values[6] = 0;
            Assert.Equal([0f, 300, 0, 30, infinity, 0, 0, 1e30f, 0, 120, 0], values);
            tape.Backward(Sum(y));
            float[] slopes = x.Gradient!.ToArray(), expected = [0, 1, 0, 1, 1, 0, f == Activation.Relu ? 1 : 0.5f, 1, 0, 1, 0];
            for (int i = 0; i < slopes.Length; i++) Devices.Close(expected[i], slopes[i], 1e-35, $"{f}, slope {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_not_a_number_stays_so(string name)
    {
        using Device device = Devices.Create(name);
        foreach (Activation f in Enum.GetValues<Activation>())
        {
            float[] y = Activate(device.From([1, float.NaN, -1], 3), f).Value.ToArray();
            Assert.True(float.IsNaN(y[1]) && float.IsFinite(y[0]) && float.IsFinite(y[2]), $"{f}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Relu_sends_nothing_back_at_zero_and_below(string name)
    {
        using Device device = Devices.Create(name);
        var tape = new Tape();
        Variable x = tape.Parameter(device.From([-300, -1e-30f, 0, 1e-30f, 300, -0f, 2, -2, 1e-30f], 9));
        Variable y = Activate(x, Activation.Relu);
        Assert.Equal([0f, 0, 0, 1e-30f, 300, 0, 2, 0, 1e-30f], y.Value.ToArray());
        tape.Backward(Sum(y));
        Assert.Equal([0f, 0, 0, 1, 1, 0, 1, 0, 1], x.Gradient!.ToArray());
    }

    [Fact]
    public void An_unknown_activation_is_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(2, 3));
        Fails.With<ArgumentOutOfRangeException>("Activate: no such activation", () => Activate(x, (Activation)5));
        Fails.With<ArgumentOutOfRangeException>("BiasActivate: no such activation", () => BiasActivate(x, x, (Activation)5));
    }
}

using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class LayerNormTests
{
    private const float Epsilon = 1e-5f;

    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach ((int R, int C) in new[] { (1, 3), (3, 7), (7, 17), (2, 33), (1, 100), (5, 8) })
        {
            Input x = Input.Random(1, R, C), gain = Input.Random(2, C), bias = Input.Random(3, C);
            Check(x, gain, bias);
            Check(x with { IsConstant = true }, gain, bias);
            Check(x, gain with { IsConstant = true }, bias with { IsConstant = true }); // frozen weights, as in editing
        }

        Check(Input.Random(1, 2, 3, 17), Input.Random(2, 17), Input.Random(3, 17));

        void Check(Input x, Input gain, Input bias) =>
            GradientCheck.Run(
                name, v => LayerNorm(v[0], v[1], v[2], Epsilon), a => Reference.LayerNorm(a[0], a[1], a[2], Epsilon), x, gain, bias);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scale_of_the_row_does_not_matter_but_epsilon_does_where_it_is_small(string name)
    {
        foreach (float size in new[] { 300f, 1e-3f })
        {
            Input x = new([.. Devices.Values(3 * 33).Select(v => v * size)], 3, 33);
            using Device device = Devices.Create(name);
            Input gain = Input.Random(2, 33), bias = Input.Random(3, 33);
            Tensor y = LayerNorm(device.From(x.Values, 3, 33), device.From(gain.Values, 33), device.From(bias.Values, 33), Epsilon).Value;
            double[] expected = Reference.LayerNorm(Wide(x), Wide(gain), Wide(bias), Epsilon);
            GradientCheck.Close(expected, y.ToArray(), GradientCheck.ForwardTolerance, $"row of size {size}");
        }

        static double[] Wide(Input input) => Array.ConvertAll(input.Values, v => (double)v);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_row_of_equal_elements_becomes_the_bias(string name)
    {
        using Device device = Devices.Create(name);
        foreach (int C in new[] { 1, 4, 33 })
        {
            using BufferScope scope = device.Scope();
            var tape = new Tape();
            float[] bias = Devices.Values(C, 3);
            Variable x = tape.Parameter(device.From([.. Enumerable.Repeat(300f, C)], 1, C));
            Variable y = LayerNorm(x, device.From(Devices.Values(C, 2), C), device.From(bias, C), Epsilon);
            Assert.Equal(bias, y.Value.ToArray());
            tape.Backward(Sum(Square(y)));
            Assert.All(x.Gradient!.ToArray(), g => Assert.True(float.IsFinite(g)));
        }
    }

    [Fact]
    public void Gain_and_bias_of_another_width_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(2, 8)), fits = device.Zeros(new Shape(8));
        foreach (int width in new[] { 1, 7, 9 })
        {
            Tensor other = device.Zeros(new Shape(width));
            Assert.Equal(
                $"LayerNorm: x [2,8], gain [{width}], bias [8], expected [8] for both.",
                Assert.Throws<ArgumentException>(() => LayerNorm(x, other, fits, Epsilon)).Message);
            Fails.With<ArgumentException>($"bias [{width}]", () => LayerNorm(x, fits, other, Epsilon));
        }
    }
}

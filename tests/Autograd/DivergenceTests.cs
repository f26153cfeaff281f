using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class DivergenceTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach ((int R, int V) in ((int, int)[])[(1, 2), (3, 7), (7, 3), (5, 17), (2, 1009)])
        {
            Input before = Input.Random(R + 50, R, V) with { IsConstant = true };
            GradientCheck.Run(
                name, v => Divergence(v[0], v[1].Value), x => Divergences(x[0], x[1], V), Input.Random(R, R, V), before);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_has_not_moved_has_no_divergence_and_no_slope(string name)
    {
        using Device device = Devices.Create(name);
        foreach (float level in (float[])[-300, 0, 300])
        {
            float[] logits = [.. Devices.Values(3 * 1009).Select(v => v + level)];
            var tape = new Tape();
            Variable z = tape.Parameter(device.From(logits, 3, 1009)), kl = Divergence(z, device.From(logits, 3, 1009));
            Assert.All(kl.Value.ToArray(), value => Assert.Equal(0, value, 1e-6f));
            tape.Backward(Sum(kl));
            Assert.All(z.Gradient!.ToArray(), slope => Assert.Equal(0, slope, 1e-9f));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_was_sure_and_is_ruled_out_costs_the_distance(string name)
    {
        using Device device = Devices.Create(name);
        Variable kl = Divergence(device.From([-300, 300, 0], 1, 3), device.From([300, -300, -300], 1, 3));
        Assert.Equal(600, kl.Value.ToScalar(), 1e-3f);
    }

    [Fact]
    public void Shapes_that_differ_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Fails.With<ArgumentException>(
            "Divergence: [2,7] and [2,6], expected equal shapes.",
            () => Divergence(device.Zeros(new Shape(2, 7)), device.Zeros(new Shape(2, 6))));
    }

    private static double[] Divergences(double[] z, double[] before, int V)
    {
        return [.. z.Chunk(V).Zip(before.Chunk(V), (now, was) =>
        {
            (double sumNow, double sumWas) = (now.Sum(Math.Exp), was.Sum(Math.Exp));
            return now.Zip(was, (a, b) => Math.Exp(b) / sumWas * (b - Math.Log(sumWas) - a + Math.Log(sumNow))).Sum();
        })];
    }
}

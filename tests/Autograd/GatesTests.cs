using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

/// <summary>What gates and conditioned networks are made of: σ, tanh, softmax of rows, 1/√x, and a clamp that lets go of zero.</summary>
public sealed class GatesTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Match_float64(string name)
    {
        foreach (int length in (int[])[1, 3, 8, 17, 33, 100])
        {
            Input any = Input.Random(length, length), positive = any with { Values = [.. any.Values.Select(v => 0.5f + Math.Abs(v))] };
            GradientCheck.Run(name, v => Sigmoid(v[0]), x => Array.ConvertAll(x[0], e => 1 / (1 + Math.Exp(-e))), any);
            GradientCheck.Run(name, v => Ops.Tanh(v[0]), x => Array.ConvertAll(x[0], Math.Tanh), any);
            GradientCheck.Run(name, v => InverseRoot(v[0]), x => Array.ConvertAll(x[0], e => 1 / Math.Sqrt(e)), positive);
            GradientCheck.Run(name, v => ClampZero(v[0]), x => Array.ConvertAll(x[0], e => Math.Max(e, 0)), any);
        }

        foreach ((int R, int C) in ((int, int)[])[(1, 1), (3, 7), (2, 33), (4, 256)])
        {
            GradientCheck.Run(name, v => Softmax(v[0]), x => [.. x[0].Chunk(C).SelectMany(row =>
            {
                double sum = row.Sum(Math.Exp);
                return row.Select(e => Math.Exp(e) / sum);
            })], Input.Random(R, R, C));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Far_out_they_are_their_limits_and_have_no_slope(string name)
    {
        using Device device = Devices.Create(name);
        float[] far = [-300, 300, float.NegativeInfinity, float.PositiveInfinity];
        var tape = new Tape();
        Variable x = tape.Parameter(device.From(far, 4)), y = Sigmoid(x), z = Ops.Tanh(x);
        Assert.Equal([0f, 1, 0, 1], y.Value.ToArray());
        Assert.Equal([-1f, 1, -1, 1], z.Value.ToArray());
        tape.Backward(Sum(Add(y, z)));
        Assert.Equal(new float[4], x.Gradient!.ToArray());
        float[] small = Sigmoid(device.From([-80], 1)).Value.ToArray();
        Devices.Close(Math.Exp(-80), small[0], Math.Exp(-80) * 1e-6, $"σ keeps the digits of what is small");

        float[] sure = Softmax(device.From([-300, 300, 0, 1, 1, 1], 2, 3)).Value.ToArray();
        Assert.Equal([0f, 1, 0], sure[..3]);
        Assert.Equal(1, sure[3..].Sum(), 1e-6f);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_clamped_at_zero_may_leave_it(string name)
    {
        using Device device = Devices.Create(name);
        var tape = new Tape();
        Variable x = tape.Parameter(device.From([-1, -1e-30f, 0, -0f, 2], 5));
        Variable y = ClampZero(x);
        Assert.Equal([0f, 0, 0, 0, 2], y.Value.ToArray());
        tape.Backward(Sum(y));
        Assert.Equal([0f, 0, 1, 1, 1], x.Gradient!.ToArray());
    }
}

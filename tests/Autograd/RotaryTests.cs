using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class RotaryTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach ((int T, int heads, int D, int R, int[] past) in new (int, int, int, int, int[])[]
            { (1, 1, 2, 2, [0]), (3, 3, 7, 4, [0]), (5, 2, 8, 8, [3]), (2, 2, 5, 2, [7, 0, 1]), (1, 4, 6, 4, [11]) })
        {
            float[] table = Table(12, R);
            GradientCheck.Run(
                name,
                v => Rotary(v[0], heads, v[0].Device.From(table, 12, R), past),
                x => Expected(x[0], heads, D, R, table, [.. past.SelectMany(p => Enumerable.Range(p, T))]),
                Input.Random(13, past.Length * T, 3 * heads * D));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_and_position_0_stay_bit_for_bit(string name)
    {
        using Device device = Devices.Create(name);
        float[] x = Devices.Values(2 * 30, 5);
        float[] y = Rotary(device.From(x, 2, 30), 2, device.From(Table(4, 4), 4, 4), [0]).Value.ToArray();
        Devices.SameBits(x[..30], y[..30], "position 0");
        Devices.SameBits(x[50..], y[50..], "values");
        Assert.NotEqual(x[30..34], y[30..34]);
        Assert.Equal(x[34], y[34]); // beyond the rotated channels
    }

    [Fact]
    public void Padding_may_reach_past_the_table()
    {
        using Device device = Devices.Create("cpu");
        float[] x = [.. Devices.Values(6, 5), .. Devices.Values(6, 6)];
        float[] y = Rotary(device.From(x, 2, 6), 1, device.From(Table(4, 2), 4, 2), [3]).Value.ToArray();
        Assert.Equal(Rotary(device.From(x.AsSpan(0, 6), 1, 6), 1, device.From(Table(4, 2), 4, 2), [3]).Value.ToArray(), y[..6]);
    }

    [Fact]
    public void Misfits_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor qkv = device.Zeros(new Shape(4, 24)), table = device.Zeros(new Shape(9, 4));
        Fails.With<ArgumentException>("[4,24] does not split into q, k, v of 3 heads", () => Rotary(qkv, 3, table, [0]));
        Fails.With<ArgumentException>("4 rows for 3 sequences", () => Rotary(qkv, 2, table, [0, 0, 0]));
        Fails.With<ArgumentException>("a table of 4 columns, expected an even number up to the 2", () => Rotary(qkv, 4, table, [0]));
        Fails.With<ArgumentException>("a table of 3 columns", () => Rotary(qkv, 2, device.Zeros(new Shape(9, 3)), [0]));
    }

    /// <summary>cos and sin in turn; any angles do.</summary>
    private static float[] Table(int positions, int R) =>
    [
        .. Enumerable.Range(0, positions * R).Select(
            i => (float)(i % 2 == 0 ? Math.Cos(i / R * (i % R + 0.7)) : Math.Sin(i / R * (i % R - 0.3)))),
    ];

    private static double[] Expected(double[] x, int heads, int D, int R, float[] table, int[] positions)
    {
        double[] y = (double[])x.Clone();
        for (int r = 0; r < positions.Length; r++)
            for (int head = 0; head < 2 * heads; head++)
                for (int i = 0; i < R; i += 2)
                {
                    int at = r * 3 * heads * D + head * D + i, angle = positions[r] * R + i;
                    (double a, double b, double cos, double sin) = (x[at], x[at + 1], table[angle], table[angle + 1]);
                    (y[at], y[at + 1]) = (a * cos - b * sin, b * cos + a * sin);
                }

        return y;
    }
}

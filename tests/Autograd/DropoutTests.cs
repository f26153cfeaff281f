using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;

namespace Sharpformer.Tests.Autograd;

public sealed class DropoutTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Value_and_gradient_pass_where_the_mask_is_not_zero(string name)
    {
        double[] mask;
        using (Device device = Devices.Create("cpu-1-thread"))
        {
            mask = [.. Mask(device, 5, 37, 0.3f, seed: 8).Select(v => (double)v)];
        }

        GradientCheck.Run(
            name, v => Ops.Dropout(v[0], 0.3f, 8), x => [.. x[0].Zip(mask, (e, m) => m == 0 ? 0 : e / (1 - (double)0.3f))],
            Input.Random(1, 5, 37));
    }

    [Fact]
    public void As_many_are_dropped_as_asked_in_every_row_and_column_and_each_seed_drops_others()
    {
        using Device device = Devices.Create("cpu-1-thread");
        const int rows = 400, columns = 300;
        foreach (float share in (float[])[0.1f, 0.5f, 0.9f])
        {
            float[] one = Mask(device, rows, columns, share, seed: 1), two = Mask(device, rows, columns, share, seed: 2);
            Assert.InRange(Dropped(one), share - 0.005, share + 0.005); // four deviations of 120,000 draws: below 0.006
            Assert.All(
                Enumerable.Range(0, rows),
                r => Assert.InRange(Dropped(one.Skip(r * columns).Take(columns)), share - 0.15, share + 0.15));
            Assert.All(
                Enumerable.Range(0, columns),
                c => Assert.InRange(Dropped(Enumerable.Range(0, rows).Select(r => one[(r * columns) + c])), share - 0.13, share + 0.13));
            double together = one.Zip(two).Count(pair => pair is (0, 0)) / (double)one.Length;
            Assert.InRange(together, (share * share) - 0.006, (share * share) + 0.006); // independent
        }

        static double Dropped(IEnumerable<float> values) => values.Average(v => v == 0 ? 1.0 : 0);
    }

    [Fact]
    public void A_share_of_0_changes_nothing_and_one_of_1_is_refused()
    {
        using Device device = Devices.Create("cpu-1-thread");
        Variable x = device.From([1, 2], 2);
        Assert.Same(x, Ops.Dropout(x, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ops.Dropout(x, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ops.Dropout(x, -0.1f, 1));
    }

    private static float[] Mask(Device device, int rows, int columns, float share, ulong seed)
    {
        Tensor ones = device.Allocate(rows, columns);
        device.Fill(ones, 1);
        return Ops.Dropout(ones, share, seed).Value.ToArray();
    }
}

using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;

namespace Sharpformer.Tests.Autograd;

public sealed class GradientsTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_norm_is_that_of_all_elements(string name)
    {
        using Device device = Devices.Create(name);
        int[][] shapes = [[1], [17], [33, 5], [3, 300]];
        float[][] values = [.. shapes.Select((s, i) => Devices.Values(new Shape(s).Count, i))];
        double expected = Math.Sqrt(values.SelectMany(v => v).Sum(v => (double)v * v));
        double actual = Gradients.Norm(values.Select((v, i) => device.From(v, shapes[i])));
        Assert.InRange(actual, expected * (1 - 1e-6), expected * (1 + 1e-6));
        Assert.Equal(5, Gradients.Norm(device.From([3, 0, 4], 3)));
        Assert.Equal(0, Gradients.Norm());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sums_take_up_more_in_place(string name)
    {
        using Device device = Devices.Create(name);
        Tensor[] sums = [device.From([1, 2], 2), device.From([3], 1, 1)];
        Gradients.Accumulate(sums, [device.From([10, 20], 2), device.From([30], 1, 1)]);
        Assert.Equal([11, 22], sums[0].ToArray());
        Assert.Equal([33], sums[1].ToArray());
        Fails.With<ArgumentException>("2 sums, 1 gradients", () => Gradients.Accumulate(sums, sums[..1]));
    }
}

using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class ColumnsTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64_also_where_parts_overlap(string name)
    {
        foreach ((int first, int count) in ((int, int)[])[(0, 1), (0, 5), (3, 4), (6, 1), (0, 7)])
            GradientCheck.Run(name, v => Columns(v[0], first, count), x => Part(x[0], first, count), Input.Random(1, 3, 7));
        GradientCheck.Run(
            name, v => Multiply(Columns(v[0], 1, 4), Columns(v[0], 3, 4)),
            x => Reference.Map(Part(x[0], 1, 4), Part(x[0], 3, 4), (a, b) => a * b), Input.Random(2, 3, 7));
    }

    [Fact]
    public void Columns_that_are_not_there_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(2, 7));
        Fails.With<ArgumentOutOfRangeException>("Columns: 5 to 8 of [2,7].", () => Columns(x, 5, 3));
        Fails.With<ArgumentOutOfRangeException>("Columns: -1 to 1", () => Columns(x, -1, 2));
        Fails.With<ArgumentOutOfRangeException>("Columns: 2 to 2", () => Columns(x, 2, 0));
    }

    private static double[] Part(double[] x, int first, int count) =>
        [.. Enumerable.Range(0, x.Length / 7).SelectMany(r => x[((r * 7) + first)..((r * 7) + first + count)])];
}

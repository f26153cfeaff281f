using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class LowRankTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64_beside_constant_and_changing_matrices(string name)
    {
        foreach (bool isConstant in (bool[])[true, false])
        {
            foreach (bool transposed in (bool[])[false, true])
            {
                int[] first = transposed ? [9, 17] : [17, 9], second = transposed ? [4, 17] : [17, 4];
                GradientCheck.Run(
                    name,
                    v => MatMul(v[0], [v[1], v[2], v[3]], transposed, [new(v[4], v[5], 0.5f), null, new(v[6], v[7], -1.5f)]),
                    a => Beside(5,
                        Plus(Reference.MatMul(a[0], a[1], 5, 17, 9, transposed), Added(a[0], a[4], a[5], 5, 17, 9, 3), 0.5), 9,
                        Reference.MatMul(a[0], a[2], 5, 17, 4, transposed), 4,
                        Plus(Reference.MatMul(a[0], a[3], 5, 17, 9, transposed), Added(a[0], a[6], a[7], 5, 17, 9, 1), -1.5), 9),
                    Input.Random(1, 5, 17) with { IsConstant = isConstant && transposed },
                    Input.Random(2, first) with { IsConstant = isConstant },
                    Input.Random(3, second) with { IsConstant = isConstant }, Input.Random(4, first) with { IsConstant = isConstant },
                    Input.Random(5, 3, 17), Input.Random(6, 9, 3), Input.Random(7, 1, 17), Input.Random(8, 9, 1));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Rows_of_both_factors_match_float64(string name) => GradientCheck.Run(
        name,
        v => MatMul(v[0], [v[1]], false, [new(v[2], v[3], 0.5f) { IsBInRows = true }]),
        a => Plus(
            Reference.MatMul(a[0], a[1], 5, 17, 9),
            Reference.MatMul(Reference.MatMul(a[0], a[2], 5, 17, 3, true), a[3], 5, 3, 9), 0.5),
        Input.Random(1, 5, 17), Input.Random(2, 17, 9), Input.Random(3, 3, 17), Input.Random(4, 3, 9));

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_dropped_on_the_way_is_dropped_of_x_alone(string name)
    {
        using Device device = Devices.Create(name);
        Tensor x = device.From(Devices.Values(35, 1), 5, 7), w = device.From(Devices.Values(21, 2), 7, 3);
        Tensor a = device.From(Devices.Values(14, 3), 2, 7), b = device.From(Devices.Values(6, 4), 3, 2);
        float[] expected = Add(
            MatMul(x, w), Scale(MatMul(MatMul(Dropout(x, 0.5f, 9), a, transposeY: true), b, transposeY: true), 2)).Value.ToArray();
        float[] actual = MatMul(x, [w], false, [new LowRank(a, b, 2, 0.5f, 9)]).Value.ToArray();
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        Assert.NotEqual(actual, MatMul(x, [w], false, [new LowRank(a, b, 2)]).Value.ToArray());
    }

    [Fact]
    public void Without_additions_it_has_the_bits_of_the_product_and_misfits_are_refused()
    {
        using Device device = Devices.Create("cpu-1-thread");
        Tensor x = device.From(Devices.Values(35, 1), 5, 7), w = device.From(Devices.Values(21, 2), 7, 3);
        float[] plain = MatMul(x, w).Value.ToArray();
        Devices.SameBits(plain, MatMul(x, [w], false, []).Value.ToArray(), "none");
        Devices.SameBits(plain, MatMul(x, [w], false, [null]).Value.ToArray(), "null");
        var nothing = new LowRank(device.From(new float[14], 2, 7), device.From(new float[6], 3, 2), 1);
        Devices.SameBits(plain, MatMul(x, [w], false, [nothing]).Value.ToArray(), "zero");
        Fails.With<ArgumentException>("2 additions for 1", () => MatMul(x, [w], false, [null, null]));
        Fails.With<ArgumentException>(
            "expected [r,7] and [3,r]", () => MatMul(x, [w], false, [new LowRank(device.Zeros(new(2, 7)), device.Zeros(new(2, 3)), 1)]));
    }

    private static double[] Added(double[] x, double[] a, double[] b, int rows, int inputs, int outputs, int rank) =>
        Reference.MatMul(Reference.MatMul(x, a, rows, inputs, rank, true), b, rows, rank, outputs, true);

    private static double[] Plus(double[] x, double[] y, double factor) => Reference.Map(x, y, (p, q) => p + (factor * q));

    private static double[] Beside(int rows, double[] x, int xs, double[] y, int ys, double[] z, int zs) =>
    [
        .. Enumerable.Range(0, rows).SelectMany(r =>
            x[(r * xs)..((r + 1) * xs)].Concat(y[(r * ys)..((r + 1) * ys)]).Concat(z[(r * zs)..((r + 1) * zs)])),
    ];
}

using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class MatMulTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64_in_both_orientations(string name)
    {
        foreach ((int M, int K, int N) in new[] { (1, 1, 1), (1, 7, 3), (3, 1, 7), (7, 17, 1), (3, 33, 17), (17, 7, 33) })
        {
            Input x = Input.Random(1, M, K), y = Input.Random(2, K, N), yT = Input.Random(2, N, K);
            GradientCheck.Run(name, v => MatMul(v[0], v[1]), a => Reference.MatMul(a[0], a[1], M, K, N), x, y);
            GradientCheck.Run(name, v => MatMul(v[0], v[1], transposeY: true), a => Reference.MatMul(a[0], a[1], M, K, N, true), x, yT);
            GradientCheck.Run(name, v => MatMul(v[0], v[1]), a => Reference.MatMul(a[0], a[1], M, K, N), x, y with { IsConstant = true });
            GradientCheck.Run(
                name, v => MatMul(v[0], v[1], true), a => Reference.MatMul(a[0], a[1], M, K, N, true), x with { IsConstant = true }, yT);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_matrix_may_be_multiplied_with_itself(string name)
    {
        GradientCheck.Run(name, v => MatMul(v[0], v[0]), a => Reference.MatMul(a[0], a[0], 7, 7, 7), Input.Random(1, 7, 7));
        GradientCheck.Run(
            name, v => MatMul(v[0], v[0], transposeY: true), a => Reference.MatMul(a[0], a[0], 3, 17, 3, true), Input.Random(1, 3, 17));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Several_products_stand_side_by_side(string name)
    {
        GradientCheck.Run(
            name, v => MatMul(v[0], [v[1], v[2], v[3]], transposeY: false),
            a => Beside(5, a.Skip(1).Select((y, i) => (Reference.MatMul(a[0], y, 5, 7, i + 3), i + 3))),
            Input.Random(1, 5, 7), Input.Random(2, 7, 3), Input.Random(3, 7, 4), Input.Random(4, 7, 5));
        GradientCheck.Run(
            name, v => Linear(v[0], [v[1], v[2]], null, transposeWeights: true),
            a => Beside(1, a.Skip(1).Select(y => (Reference.MatMul(a[0], y, 1, 17, 9, true), 9))),
            Input.Random(1, 1, 17), Input.Random(2, 9, 17), Input.Random(3, 9, 17));

        static double[] Beside(int rows, IEnumerable<(double[] Values, int Columns)> parts) =>
            [.. Enumerable.Range(0, rows).SelectMany(r => parts.SelectMany(p => p.Values.Skip(r * p.Columns).Take(p.Columns)))];
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Leading_dimensions_are_rows(string name) =>
        GradientCheck.Run(
            name, v => Linear(v[0], v[1], v[2]), a => Reference.Map(Reference.MatMul(a[0], a[1], 6, 7, 17), a[2], (p, q) => p + q),
            Input.Random(1, 2, 3, 7), Input.Random(2, 7, 17), Input.Random(3, 17));

    [Theory]
    [MemberData(nameof(Names))]
    public void Weights_as_stored_let_the_gradient_through(string name)
    {
        foreach (DType dtype in new[] { DType.F16, DType.BF16 })
        {
            double[] weight = [];
            GradientCheck.Run(
                name,
                v =>
                {
                    Tensor stored = Devices.Stored(v[0].Device, Devices.Values(33 * 17), dtype, 33, 17);
                    weight = Array.ConvertAll(stored.ToArray(), e => (double)e);
                    return MatMul(v[0], stored, transposeY: true);
                },
                a => Reference.MatMul(a[0], weight, 3, 17, 33, true),
                Input.Random(1, 3, 17));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Embedding_adds_up_the_gradients_of_repeated_ids(string name)
    {
        (int, int, int[])[] cases = [(1, 1, [0]), (5, 7, [4, 0, 4, 4, 2]), (3, 17, [1]), (7, 33, [6, 6, 5, 6, 0, 1, 1])];
        foreach ((int V, int C, int[] ids) in cases)
            GradientCheck.Run(
                name, v => Embedding(v[0], ids), a => [.. ids.SelectMany(id => a[0].Skip(id * C).Take(C))], Input.Random(1, V, C));
    }

    [Fact]
    public void Misfits_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(4, 64, 768)), y = device.Zeros(new Shape(1600, 6400));
        Assert.Equal(
            "MatMul: [4,64,768]·[1600,6400], inner 768 ≠ 1600. Hint: transposed checkpoint?",
            Assert.Throws<ArgumentException>(() => MatMul(x, y)).Message);
        Fails.With<ArgumentException>("inner 768 ≠ 6400", () => MatMul(x, y, transposeY: true));

        Tensor weight = device.Zeros(new Shape(6, 5));
        Fails.With<ArgumentException>("[3,5] and [6]", () => Linear(device.Zeros(new Shape(3, 6)), weight, device.Zeros(new Shape(6))));
        Fails.With<ArgumentOutOfRangeException>("id 6 at position 1", () => Embedding(weight, [5, 6]));
        Fails.With<ArgumentOutOfRangeException>("id -1 at position 0", () => Embedding(weight, [-1]));
    }
}

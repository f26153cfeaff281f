using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class ElementwiseTests
{
    private static readonly int[] Lengths = [1, 3, 7, 8, 17, 33, 100];

    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Unary_operations_match_float64(string name)
    {
        (Func<Variable, Variable> Operation, Func<double, double> Reference)[] all =
        [
            (Square, x => x * x),
            (MaxZero, x => Math.Max(x, 0)),
            (x => Scale(x, -0.3f), x => -0.3f * x),
            (x => Add(Multiply(x, x), x), x => x * x + x), // one variable, three uses
            (x => Subtract(Square(x), x), x => x * x - x),
        ];
        foreach ((Func<Variable, Variable> operation, Func<double, double> reference) in all)
            foreach (int length in Lengths)
                GradientCheck.Run(name, v => operation(v[0]), x => Array.ConvertAll(x[0], e => reference(e)), Input.Random(length, length));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Binary_operations_match_float64_also_where_the_second_operand_repeats(string name)
    {
        (Func<Variable, Variable, Variable> Operation, Func<double, double, double> Reference)[] all =
            [(Add, (x, y) => x + y), (Subtract, (x, y) => x - y), (Multiply, (x, y) => x * y)];
        (int[] X, int[] Y)[] shapes =
        [
            ([1], [1]), ([33], [33]), ([3, 7], [3, 7]), ([5, 1], [5, 1]),
            ([3, 7], [7]), ([1, 17], [17]), ([2, 3, 33], [33]), // a bias row
            ([2, 3, 5], [3, 5]), ([6, 5], [3, 5]), ([2, 3, 5], [6, 5]), // positions of each sequence; the same rows
            ([33], [1]), ([7, 1], [1]), ([3, 7], [1, 1]), // one number
        ];
        foreach ((Func<Variable, Variable, Variable> operation, Func<double, double, double> reference) in all)
            foreach ((int[] x, int[] y) in shapes)
                GradientCheck.Run(
                    name, v => operation(v[0], v[1]), a => Reference.Map(a[0], a[1], reference), Input.Random(1, x), Input.Random(2, y));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_constant_operand_changes_nothing_for_the_other(string name)
    {
        Input x = Input.Random(1, 3, 17), y = Input.Random(2, 17);
        GradientCheck.Run(
            name, v => Multiply(v[0], v[1]), a => Reference.Map(a[0], a[1], (p, q) => p * q), x with { IsConstant = true }, y);
        GradientCheck.Run(
            name, v => Multiply(v[0], v[1]), a => Reference.Map(a[0], a[1], (p, q) => p * q), x, y with { IsConstant = true });
        GradientCheck.Run(
            name, v => Subtract(v[0], v[1]), a => Reference.Map(a[0], a[1], (p, q) => p - q), x with { IsConstant = true }, y);
        GradientCheck.Run(
            name, v => Subtract(v[0], v[1]), a => Reference.Map(a[0], a[1], (p, q) => p - q), x, y with { IsConstant = true });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sum_and_mean_match_float64(string name)
    {
        foreach (int length in (int[])[.. Lengths, 10_007])
        {
            GradientCheck.Run(name, v => Sum(v[0]), x => [x[0].Sum()], Input.Random(1, length));
            GradientCheck.Run(name, v => Mean(v[0]), x => [x[0].Average()], Input.Random(2, length, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Row_products_match_float64(string name)
    {
        foreach ((int R, int C) in new[] { (1, 1), (1, 33), (3, 7), (7, 17), (17, 1), (3, 100) })
        {
            Input x = Input.Random(1, R, C), y = Input.Random(2, R, C), scale = Input.Random(3, R, 1);
            GradientCheck.Run(name, v => Dot(v[0], v[1]), a => Sums(Reference.Map(a[0], a[1], (p, q) => p * q), C), x, y);
            GradientCheck.Run(
                name, v => Dot(v[0], v[1]), a => Sums(Reference.Map(a[0], a[1], (p, q) => p * q), C), x with { IsConstant = true }, y);
            GradientCheck.Run(name, v => Dot(v[0], v[0]), a => Sums(Reference.Map(a[0], a[0], (p, q) => p * q), C), x);
            GradientCheck.Run(name, v => ScaleRows(v[0], v[1]), a => [.. a[0].Select((e, i) => e * a[1][i / C])], x, scale);
            GradientCheck.Run(
                name, v => ScaleRows(v[0], v[1]), a => [.. a[0].Select((e, i) => e * a[1][i / C])], x with { IsConstant = true }, scale);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void MaxZero_sends_nothing_back_at_zero_and_below(string name)
    {
        using Device device = Devices.Create(name);
        var tape = new Tape();
        float[] values = [-300, -1e-30f, 0, 1e-30f, 300, -0f, 2, -2, 1e-30f];
        Variable x = tape.Parameter(device.From(values, 9));
        Variable y = MaxZero(x);
        Assert.Equal([0f, 0, 0, 1e-30f, 300, 0, 2, 0, 1e-30f], y.Value.ToArray());
        tape.Backward(Sum(y));
        Assert.Equal([0f, 0, 0, 1, 1, 0, 1, 0, 1], x.Gradient!.ToArray());
    }

    [Fact]
    public void Shapes_that_do_not_repeat_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(4, 6));
        Refused("Add: [4,6] and [5]", () => Add(x, device.Zeros(new Shape(5))));
        Refused("Add: [4,6] and [3]", () => Add(x, device.Zeros(new Shape(3)))); // divides 24, but is no row
        Refused("Add: [4,6] and [6,4]", () => Add(x, device.Zeros(new Shape(6, 4))));
        Refused("Add: [4,6] and [3,6]", () => Add(x, device.Zeros(new Shape(3, 6))));
        Refused("Add: [6] and [4,6]", () => Add(device.Zeros(new Shape(6)), x));
        Refused("Multiply: [4,6] and [4,1]", () => Multiply(x, device.Zeros(new Shape(4, 1))));
        Refused("Multiply: [4,6] and [0,6]", () => Multiply(x, device.Zeros(new Shape(0, 6))));
        Refused("Dot: [4,6] and [6]", () => Dot(x, device.Zeros(new Shape(6))));
        Refused("ScaleRows: [4,6] by [6,1], expected [4,1]", () => ScaleRows(x, device.Zeros(new Shape(6, 1))));
        Refused("ScaleRows: [4,6] by [4,6], expected [4,1]", () => ScaleRows(x, x));

        static void Refused(string message, Func<Variable> operation) =>
            Fails.With<ArgumentException>(message, operation);
    }

    private static double[] Sums(double[] x, int C) => [.. x.Chunk(C).Select(row => row.Sum())];
}

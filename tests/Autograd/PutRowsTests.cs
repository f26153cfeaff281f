using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class PutRowsTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach ((int R, int C, int[] rows) in new (int, int, int[])[]
            { (1, 1, [0]), (3, 7, [1]), (7, 17, [6, 0, 3]), (4, 33, [3, 2, 1, 0]), (5, 8, []), (100, 3, [99, 50, 51]) })
        {
            Input x = Input.Random(1, R, C), y = Input.Random(2, rows.Length, C);
            Check(x, y);
            if (rows.Length < R) Check(x, y with { IsConstant = true }); // otherwise nothing of x is left
            Check(x with { IsConstant = true }, y);
            GradientCheck.Run( // one variable in both places
                name, v => PutRows(v[0], Embedding(v[0], [.. rows.Select(r => R - 1 - r)]), rows),
                a => Replaced(a[0], [.. rows.SelectMany(r => a[0].Skip((R - 1 - r) * C).Take(C))], rows, C), x);

            void Check(Input x, Input y) =>
                GradientCheck.Run(name, v => PutRows(v[0], v[1], rows), a => Replaced(a[0], a[1], rows, C), x, y);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Leading_dimensions_are_rows(string name) => GradientCheck.Run(
        name, v => PutRows(v[0], v[1], [5, 2]), a => Replaced(a[0], a[1], [5, 2], 7), Input.Random(1, 2, 3, 7), Input.Random(2, 2, 7));

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_replaced_leaves_no_trace_however_large_it_was(string name)
    {
        using Device device = Devices.Create(name);
        foreach (float extreme in (float[])[300, -300, float.MaxValue, float.PositiveInfinity, float.NaN])
        {
            var tape = new Tape();
            Variable x = tape.Parameter(device.From([1, 2, extreme, extreme, 5, 6], 3, 2));
            Variable y = tape.Parameter(device.From([-300, 300], 1, 2));
            Variable z = PutRows(x, y, [1]);
            Assert.Equal([1f, 2, -300, 300, 5, 6], z.Value.ToArray());
            tape.Backward(Sum(Square(z)));
            Assert.Equal([2f, 4, 0, 0, 10, 12], x.Gradient!.ToArray());
            Assert.Equal([-600f, 600], y.Gradient!.ToArray());
            Devices.SameBits([1, 2, extreme, extreme, 5, 6], x.Value.ToArray(), "x stays as it was");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Extremes_pass_bit_for_bit(string name)
    {
        using Device device = Devices.Create(name);
        float[] rows = [300, -300, 1e-38f, -0f, float.NegativeInfinity, float.NaN], zeros = new float[9];
        Variable replaced = PutRows(device.From(zeros, 3, 3), device.From(rows, 2, 3), [0, 2]);
        Variable kept = PutRows(device.From([.. rows, 1, 2, 3], 3, 3), device.From([0, 0, 0], 1, 3), [2]);
        Devices.SameBits([.. rows[..3], 0, 0, 0, .. rows[3..]], replaced.Value.ToArray(), "replaced");
        Devices.SameBits([.. rows, 0, 0, 0], kept.Value.ToArray(), "kept");
    }

    [Fact]
    public void Misfits_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor x = device.Zeros(new Shape(4, 6)), y = device.Zeros(new Shape(2, 6));
        Refused<ArgumentException>("PutRows: [2,6] for 1 rows of [4,6]", () => PutRows(x, y, [0]));
        Refused<ArgumentException>("PutRows: [2,5] for 2 rows of [4,6]", () => PutRows(x, device.Zeros(new Shape(2, 5)), [0, 1]));
        Refused<ArgumentException>("PutRows: row 3 of [4,6] is to be replaced twice", () => PutRows(x, y, [3, 3]));
        Refused<ArgumentOutOfRangeException>("id 4 at position 1", () => PutRows(x, y, [0, 4]));
        Refused<ArgumentOutOfRangeException>("id -1 at position 0", () => PutRows(x, y, [-1, 0]));

        static void Refused<T>(string message, Action operation) where T : Exception =>
            Assert.Contains(message, Assert.Throws<T>(operation).Message, StringComparison.Ordinal);
    }

    private static double[] Replaced(double[] x, double[] y, int[] rows, int C)
    {
        double[] z = (double[])x.Clone();
        for (int r = 0; r < rows.Length; r++) Array.Copy(y, r * C, z, rows[r] * C, C);
        return z;
    }
}

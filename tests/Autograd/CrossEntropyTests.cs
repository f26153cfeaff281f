using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class CrossEntropyTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        foreach (float smoothing in new[] { 0, 0.1f, 0.5f })
        {
            foreach ((int R, int V) in new[] { (1, 1), (1, 2), (3, 7), (7, 3), (5, 17), (1, 1009) })
            {
                int[] targets = [.. Enumerable.Range(0, R).Select(r => (r * 5 + V - 1) % V)];
                GradientCheck.Run(
                    name, v => CrossEntropy(v[0], targets, smoothing), x => Reference.CrossEntropy(x[0], targets, smoothing),
                    Input.Random(R, R, V));
            }
        }

        // Leading dimensions are rows; the gradient has the shape of the logits.
        GradientCheck.Run(
            name, v => CrossEntropy(v[0], [0, 3, 6, 6, 1, 2]), x => Reference.CrossEntropy(x[0], [0, 3, 6, 6, 1, 2], 0),
            Input.Random(1, 2, 3, 7));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_number_keeps_its_digits_in_a_big_vocabulary_and_at_extremes(string name)
    {
        int[] widths = [2, 33, 50257];
        foreach (float smoothing in new[] { 0, 0.1f, 1 })
        {
            foreach (int V in widths)
            {
                float[] logits = Devices.Values(3 * V);
                logits[V / 3] = 25; // row 0: confident and right
                logits[V + V / 3] = -300; // row 1: wrong by 600
                logits[V + V - 1] = 300;
                logits[2 * V] = 300; // row 2: as sure as float32 can be
                logits[2 * V + 1] = -300;
                CheckDigits(name, logits, [V / 3, V / 3, 0], smoothing);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_confident_row_keeps_its_relative_precision(string name)
    {
        // Losses from 1e-3 down to 1e-9, where 1 - p is far below the rounding of p: both the loss and the target's
        // gradient must still have six digits, or training near its goal would follow noise.
        foreach (double loss in new[] { 1e-3, 1e-6, 1e-7, 1e-9 })
        {
            float[] logits = Devices.Values(17);
            logits[16] = (float)(3 - Math.Log(loss));
            CheckDigits(name, logits, [16], 0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Equal_logits_lose_the_logarithm_of_the_vocabulary(string name)
    {
        using Device device = Devices.Create(name);
        foreach (float level in new[] { -300f, 0, 300 })
        {
            float[] logits = [.. Enumerable.Repeat(level, 1000)];
            Assert.Equal((float)Math.Log(1000), CrossEntropy(device.From(logits, 1, 1000), [500]).Value.ToScalar(), 1e-6f);
            Assert.Equal((float)Math.Log(1000), CrossEntropy(device.From(logits, 1, 1000), [500], 0.3f).Value.ToScalar(), 1e-6f);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaN_and_infinities_come_out_as_IEEE_rules_have_it(string name)
    {
        const float inf = float.PositiveInfinity, nan = float.NaN;
        using Device device = Devices.Create(name);
        Check([nan, 1, 2], 0, nan);
        Check([nan, 1, 2], 1, nan);
        Check([inf, 1, 2], 0, nan);
        Check([inf, 1, 2], 2, nan);
        Check([-inf, -inf, -inf], 1, nan);
        Check([-inf, 1, 2], 0, inf);
        Check([-inf, 1, 2], 2, MathF.Log(1 + MathF.Exp(-1)));
        Check([-inf, 3, -inf], 1, 0);

        void Check(float[] logits, int target, float expected)
        {
            var tape = new Tape();
            Variable z = tape.Parameter(device.From(logits, 1, 3)), loss = CrossEntropy(z, [target]);
            Devices.Close(expected, loss.Value.ToScalar(), 1e-7, $"loss of column {target} of {string.Join(' ', logits)}");
            tape.Backward(loss);
            float[] gradient = z.Gradient!.ToArray();
            if (!float.IsNaN(expected))
            {
                Assert.All(gradient, g => Assert.InRange(g, -1, 1));
                Assert.All(Enumerable.Range(0, 3).Where(c => c != target && logits[c] == -inf), c => Assert.Equal(0, gradient[c]));
            }
        }
    }

    [Fact]
    public void Targets_that_do_not_fit_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor logits = device.Zeros(new Shape(2, 7));
        Assert.Equal(
            "CrossEntropy: 2 rows of logits, 1 targets.", Assert.Throws<ArgumentException>(() => CrossEntropy(logits, [3])).Message);
        Fails.With<ArgumentOutOfRangeException>("target 7, vocabulary 7", () => CrossEntropy(logits, [0, 7]));
        Fails.With<ArgumentOutOfRangeException>("target -1, vocabulary 7", () => CrossEntropy(logits, [-1, 0]));
    }

    /// <summary>
    /// Loss and every gradient to 2e-6 of themselves (with smoothing, of what is subtracted, which is of size ε/V).
    /// The sum of a sure target's 1 and the others is kept in double: 1e-15 is its rounding.
    /// </summary>
    private static void CheckDigits(string name, float[] logits, int[] targets, float smoothing)
    {
        using Device device = Devices.Create(name);
        int R = targets.Length, V = logits.Length / R;
        var tape = new Tape();
        Variable x = tape.Parameter(device.From(logits, R, V));
        Variable loss = CrossEntropy(x, targets, smoothing);
        tape.Backward(Sum(loss));

        double[] wide = Array.ConvertAll(logits, z => (double)z);
        double[] expected = Reference.CrossEntropy(wide, targets, smoothing);
        float[] actual = loss.Value.ToArray(), gradient = x.Gradient!.ToArray();
        for (int r = 0; r < R; r++)
        {
            Devices.Close(expected[r], actual[r], 2e-6 * expected[r] + 1e-15, $"loss of row {r}, V {V}, ε {smoothing}");
            double max = wide.Skip(r * V).Take(V).Max(), others = 0;
            for (int c = 0; c < V; c++) others += c == targets[r] ? 0 : Math.Exp(wide[r * V + c] - max);
            double target = Math.Exp(wide[r * V + targets[r]] - max), sum = others + target;
            for (int c = 0; c < V; c++)
            {
                bool hit = c == targets[r];
                double error = (hit ? -others : Math.Exp(wide[r * V + c] - max)) / sum; // p - onehot, all digits
                double smooth = smoothing * ((hit ? 1 : 0) - 1.0 / V);
                Devices.Close(
                    error + smooth, gradient[r * V + c],
                    2e-6 * (Math.Abs(error) + Math.Abs(smooth)) + (hit ? 1e-15 : 1e-37),
                    $"gradient [{r},{c}], V {V}, ε {smoothing}");
            }
        }
    }
}

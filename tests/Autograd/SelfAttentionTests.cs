using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class SelfAttentionTests
{
    public static TheoryData<string> Names => Devices.Names;

    /// <summary>B sequences of T positions, H heads of D channels, a window and the documents' beginnings.</summary>
    private sealed record Case(int B, int T, int H, int D, int Window = 0, int[]? Starts = null)
    {
        public Input Qkv => Input.Random(13, B * T, 3 * H * D);

        public float Scale => 1 / MathF.Sqrt(D);

        public Variable Run(Variable qkv) => SelfAttention(qkv, H, B, Scale, Window, Starts);

        /// <summary>Each position alone, from its document's first on.</summary>
        public double[] Reference(double[] qkv)
        {
            int C = H * D;
            double[] y = new double[B * T * C];
            for (int r = 0; r < B * T; r++)
            {
                int start = Starts?[r] ?? 0, from = (r / T * T) + start, length = (r % T) + 1 - start;
                double[] document = qkv[(from * 3 * C)..((r + 1) * 3 * C)];
                double[] all = Autograd.Reference.Attention(document, H, [], [], [0], Scale, length, Window > 0 ? Window : int.MaxValue);
                all.AsSpan((length - 1) * C, C).CopyTo(y.AsSpan(r * C));
            }

            return y;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        Case[] cases =
        [
            new(1, 1, 1, 1), new(1, 7, 1, 3), new(3, 17, 2, 8), new(2, 9, 3, 5),
            new(2, 9, 2, 4, Window: 1), new(2, 9, 2, 4, Window: 4), new(1, 9, 1, 4, Window: 9), new(1, 9, 1, 4, Window: 40),
            new(2, 5, 2, 3, Starts: [0, 0, 2, 2, 2, 0, 1, 1, 3, 4]),
            new(2, 5, 2, 3, Window: 2, Starts: [0, 0, 2, 2, 2, 0, 0, 0, 0, 0]),
        ];
        foreach (Case c in cases) GradientCheck.Run(name, v => c.Run(v[0]), x => c.Reference(x[0]), c.Qkv);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Has_the_bits_of_attention_to_an_empty_cache(string name)
    {
        using Device device = Devices.Create(name);
        foreach (Case c in (Case[])[new(1, 1, 1, 1), new(2, 33, 3, 8), new(3, 17, 2, 5, Window: 6), new(1, 200, 2, 4)])
        {
            int C = c.H * c.D;
            (float[] whole, float[] dWhole) = Both(c.Run);
            (float[] cached, float[] dCached) = Both(qkv => CausalAttention(
                qkv, c.H, device.Zeros(new Shape(c.B, c.T, C)), device.Zeros(new Shape(c.B, c.T, C)), new int[c.B], c.Scale, c.Window));
            Devices.SameBits(cached, whole, "value");
            Devices.SameBits(dCached, dWhole, "gradient");

            (float[], float[]) Both(Func<Variable, Variable> attention)
            {
                var tape = new Tape();
                Variable qkv = tape.Parameter(device.From(c.Qkv.Values, c.Qkv.Dims)), y = attention(qkv);
                tape.Backward(Sum(Multiply(y, device.From(Devices.Values(c.B * c.T * C, 5), y.Shape.Dims))));
                return (y.Value.ToArray(), qkv.Gradient!.ToArray());
            }
        }
    }

    [Fact]
    public void What_lies_before_a_documents_start_does_not_matter_at_all()
    {
        using Device device = Devices.Create("cpu-1-thread");
        int[] starts = [0, 0, 0, 3, 3, 3, 3];
        float[] qkv = Devices.Values(7 * 12, 1), other = [.. qkv];
        other.AsSpan(0, 3 * 12).Fill(1e30f);
        Devices.SameBits(SecondOf(qkv), SecondOf(other), "second document");

        float[] SecondOf(float[] values) =>
            SelfAttention(device.From(values, 7, 12), 2, 1, 0.5f, 0, starts).Value.Slice(3, 4).ToArray();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Dropped_probabilities_have_the_gradient_of_those_that_are_left(string name)
    {
        var c = new Case(2, 6, 2, 4);
        const float share = 0.4f;

        // What remains of probabilities of 1 says which are left: q = 0 makes them equal, and the value's channels tell them apart.
        double[] kept = [.. Kept(c.B * c.H * c.T, c.T, share, seed: 3)];
        GradientCheck.Run(
            name, v => SelfAttention(v[0], c.H, c.B, c.Scale, dropout: share, seed: 3), x => Masked(c, x[0], kept), c.Qkv);
    }

    [Fact]
    public void Bad_shapes_and_starts_are_named()
    {
        using Device device = Devices.Create("cpu-1-thread");
        Tensor qkv = device.Zeros(new Shape(6, 12));
        Fails.With<ArgumentException>("6 rows for 4 sequences", () => SelfAttention(qkv, 2, 4, 1));
        Fails.With<ArgumentException>("does not split into q, k, v of 3 heads", () => SelfAttention(qkv, 3, 2, 1));
        Fails.With<ArgumentException>("2 starts for 2·3 positions", () => SelfAttention(qkv, 2, 2, 1, 0, [0, 0]));
        Fails.With<ArgumentException>("position 1 of sequence 1 starts at 2", () => SelfAttention(qkv, 2, 2, 1, 0, [0, 0, 0, 0, 2, 0]));
        Fails.With<ArgumentException>("position 0 of sequence 0 starts at -1", () => SelfAttention(qkv, 2, 2, 1, 0, [-1, 0, 0, 0, 0, 0]));
    }

    /// <summary>The mask of <see cref="Dropout"/>, seen through it.</summary>
    private static IEnumerable<double> Kept(int rows, int columns, float share, ulong seed)
    {
        using Device device = Devices.Create("cpu-1-thread");
        Tensor ones = device.Allocate(rows, columns);
        device.Fill(ones, 1);
        return [.. Dropout(ones, share, seed).Value.ToArray().Select(v => v == 0 ? 0.0 : 1 / (1 - (double)share))];
    }

    private static double[] Masked(Case c, double[] qkv, double[] mask)
    {
        int C = c.H * c.D;
        double[] y = new double[c.B * c.T * C];
        for (int b = 0; b < c.B; b++)
            for (int h = 0; h < c.H; h++)
                for (int t = 0; t < c.T; t++)
                {
                    double[] score = [.. Enumerable.Range(0, t + 1).Select(j => c.Scale * Enumerable.Range(0, c.D)
                        .Sum(d => At(0, t, d) * At(1, j, d)))];
                    double sum = score.Sum(Math.Exp);
                    for (int j = 0; j <= t; j++)
                        for (int d = 0; d < c.D; d++)
                            y[(((b * c.T) + t) * C) + (h * c.D) + d] +=
                                Math.Exp(score[j]) / sum * mask[((((b * c.H) + h) * c.T + t) * c.T) + j] * At(2, j, d);

                    double At(int part, int position, int d) => qkv[(((b * c.T) + position) * 3 * C) + (part * C) + (h * c.D) + d];
                }

        return y;
    }
}

using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class CausalAttentionTests
{
    public static TheoryData<string> Names => Devices.Names;

    /// <summary>B = past.Length, S the cache's capacity.</summary>
    private sealed record Case(int T, int Heads, int D, int S, params int[] Past)
    {
        public int B => Past.Length;

        public int C => Heads * D;

        public float Scale => 1 / MathF.Sqrt(D);

        /// <summary>What the cache holds, also where nothing was written yet.</summary>
        public float[] Keys => Devices.Values(B * S * C, 11);

        public float[] Values => Devices.Values(B * S * C, 12);

        public Input Qkv => Input.Random(13, B * T, 3 * C);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_float64(string name)
    {
        Case[] cases =
        [
            new(1, 1, 1, 1, 0), // the smallest there is: the output is the value
            new(7, 1, 3, 7, 0), new(7, 3, 5, 9, 0), new(17, 2, 8, 33, 0), // prefill
            new(3, 3, 7, 5, 0, 0, 0), // a batch
            new(5, 2, 3, 17, 7, 0, 12), // unequal past
            new(1, 4, 8, 34, 33), new(1, 1, 17, 8, 7, 0, 3), // decoding; the gradient goes to the new position only
        ];
        foreach (Case c in cases)
        {
            GradientCheck.Run(
                name,
                v => CausalAttention(
                    v[0], c.Heads, v[0].Device.From(c.Keys, c.B, c.S, c.C), v[0].Device.From(c.Values, c.B, c.S, c.C),
                    c.Past, c.Scale),
                x => Reference.Attention(x[0], c.Heads, c.Keys, c.Values, c.Past, c.Scale, c.T),
                c.Qkv);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_window_hides_what_lies_further_back(string name)
    {
        foreach (Case c in (Case[])[new(7, 3, 5, 9, 0), new(17, 2, 8, 33, 0), new(5, 2, 3, 17, 7, 0, 12), new(1, 2, 8, 34, 33, 2)])
            foreach (int window in (int[])[1, 3, 6, 40])
            {
                GradientCheck.Run(
                    name,
                    v => CausalAttention(
                        v[0], c.Heads, v[0].Device.From(c.Keys, c.B, c.S, c.C), v[0].Device.From(c.Values, c.B, c.S, c.C),
                        c.Past, c.Scale, window),
                    x => Reference.Attention(x[0], c.Heads, c.Keys, c.Values, c.Past, c.Scale, c.T, window),
                    c.Qkv);
            }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scores_of_300_do_not_overflow(string name)
    {
        var c = new Case(7, 1, 1, 7, 0);
        float[] qkv = [.. c.Qkv.Values.Select((v, i) => i % 3 == 2 ? v : v * 10)]; // q·k up to ±400
        using Device device = Devices.Create(name);
        var tape = new Tape();
        Variable x = tape.Parameter(device.From(qkv, 7, 3));
        Variable y = CausalAttention(x, 1, device.Zeros(new Shape(1, 7, 1)), device.Zeros(new Shape(1, 7, 1)), [0], 1);
        double[] expected = Reference.Attention(Array.ConvertAll(qkv, v => (double)v), 1, c.Keys, c.Values, [0], 1, 7);

        // A score of 400 is rounded to 2e-5, and so is its exponential relative to itself.
        GradientCheck.Close(expected, y.Value.ToArray(), 1e-4, "value");
        tape.Backward(Sum(y));
        Assert.All(x.Gradient!.ToArray(), g => Assert.True(float.IsFinite(g)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void New_keys_and_values_are_written_and_nothing_else(string name)
    {
        var c = new Case(3, 2, 5, 9, 4, 0, 6);
        using Device device = Devices.Create(name);
        Tensor keys = device.From(c.Keys, c.B, c.S, c.C), values = device.From(c.Values, c.B, c.S, c.C);
        CausalAttention(device.From(c.Qkv.Values, c.Qkv.Dims), c.Heads, keys, values, c.Past, c.Scale);

        float[] expectedKeys = c.Keys, expectedValues = c.Values;
        for (int b = 0; b < c.B; b++)
            for (int t = 0; t < c.T; t++)
            {
                ReadOnlySpan<float> row = c.Qkv.Values.AsSpan((b * c.T + t) * 3 * c.C, 3 * c.C);
                int slot = (b * c.S + c.Past[b] + t) * c.C;
                row[c.C..(2 * c.C)].CopyTo(expectedKeys.AsSpan(slot));
                row[(2 * c.C)..].CopyTo(expectedValues.AsSpan(slot));
            }

        Devices.SameBits(expectedKeys, keys.ToArray(), "keys");
        Devices.SameBits(expectedValues, values.ToArray(), "values");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decoding_step_by_step_gives_the_bits_of_prefill(string name)
    {
        foreach (int window in (int[])[0, 5]) SameBitsStepByStep(name, window, positions: 17);
    }

    [Fact]
    public void Neither_does_it_matter_which_rows_are_multiplied_together()
    {
        foreach (int window in (int[])[0, 120]) SameBitsStepByStep("cpu-3-threads", window, positions: 300); // of which 96 are at a time
    }

    private static void SameBitsStepByStep(string name, int window, int positions)
    {
        var c = new Case(positions, 3, 8, positions + 3, 0);
        using Device device = Devices.Create(name);
        Tensor qkv = device.From(c.Qkv.Values, c.Qkv.Dims);
        var cache = new Shape(1, c.S, c.C);
        Tensor whole = CausalAttention(qkv, c.Heads, device.Zeros(cache), device.Zeros(cache), [0], c.Scale, window).Value;
        Tensor keys = device.Zeros(cache), values = device.Zeros(cache);
        for (int t = 0; t < c.T; t++)
        {
            Tensor step = CausalAttention(qkv.Slice(t, 1), c.Heads, keys, values, [t], c.Scale, window).Value;
            Devices.SameBits(whole.Slice(t, 1).ToArray(), step.ToArray(), $"position {t}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Pads_and_unwritten_slots_never_touch_real_rows(string name)
    {
        // Two sequences of 5 and 3 new positions, the second padded to 5, with 0 and 4 cached ones. Pads and what
        // the cache holds beyond the past vary from harmless to the largest numbers there are.
        var c = new Case(5, 2, 3, 12, 0, 4);
        int[] pads = [8, 9];
        (float[] plain, float[] plainGradient) = Run(1);
        foreach (float garbage in new[] { 300f, -1e19f, float.MaxValue })
        {
            (float[] y, float[] gradient) = Run(garbage);
            Devices.SameBits(plain, y, $"values beside {garbage}");
            Devices.SameBits(plainGradient, gradient, $"gradients beside {garbage}");
        }

        Assert.All(plainGradient.Skip(pads[0] * 3 * c.C), g => Assert.Equal(0, g));

        (float[] Real, float[] Gradient) Run(float garbage)
        {
            using Device device = Devices.Create(name);
            float[] keys = c.Keys, values = c.Values, qkv = c.Qkv.Values;
            foreach (float[] cache in new[] { keys, values })
                for (int b = 0; b < c.B; b++)
                    cache.AsSpan((b * c.S + c.Past[b]) * c.C, (c.S - c.Past[b]) * c.C).Fill(garbage);

            // Pads are finite rows of a network; only slots that nobody wrote can hold really wild numbers.
            foreach (int pad in pads) qkv.AsSpan(pad * 3 * c.C, 3 * c.C).Fill(Math.Clamp(garbage, -300, 300));

            var tape = new Tape();
            Variable x = tape.Parameter(device.From(qkv, c.Qkv.Dims));
            Variable y = CausalAttention(x, c.Heads, device.From(keys, c.B, c.S, c.C), device.From(values, c.B, c.S, c.C), c.Past, c.Scale);
            Tensor realRows = device.From([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], 10, 1);
            tape.Backward(Sum(Square(ScaleRows(y, realRows))));
            return (y.Value.Slice(0, 8).ToArray(), x.Gradient!.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_score_of_minus_infinity_gets_no_weight_and_alone_it_has_none_to_give(string name)
    {
        using Device device = Devices.Create(name);
        Tensor qkv = device.From([1, float.NegativeInfinity, 5, 1, 2, 7, 1, 2, 9], 3, 3); // q, k, v of three positions
        float[] y = CausalAttention(qkv, 1, device.Zeros(new Shape(1, 3, 1)), device.Zeros(new Shape(1, 3, 1)), [0], 1).Value.ToArray();
        Assert.Equal([float.NaN, 7, 8], y);
    }

    [Fact]
    public void Misfits_are_refused()
    {
        using Device device = Devices.Create("cpu");
        Tensor qkv = device.Zeros(new Shape(6, 12)), cache = device.Zeros(new Shape(2, 5, 4));
        Refused("6 rows for 4 sequences", () => CausalAttention(qkv, 2, cache, cache, [0, 0, 0, 0], 1));
        Refused("6 rows for 0 sequences", () => CausalAttention(qkv, 2, cache, cache, [], 1));
        Refused("[6,12] does not split into q, k, v of 3 heads", () => CausalAttention(qkv, 3, cache, cache, [0, 0], 1));
        Refused("[6,12] does not split into q, k, v of 0 heads", () => CausalAttention(qkv, 0, cache, cache, [0, 0], 1));
        Refused("[6,13] does not split", () => CausalAttention(device.Zeros(new Shape(6, 13)), 2, cache, cache, [0, 0], 1));
        Refused(
            "keys [2,5,4] and values [2,6,4], expected [2,S,4]",
            () => CausalAttention(qkv, 2, cache, device.Zeros(new Shape(2, 6, 4)), [0, 0], 1));
        Refused("expected [3,S,4]", () => CausalAttention(qkv, 2, cache, cache, [0, 0, 0], 1));
        Refused("3 cached + 3 new positions, the cache holds 5", () => CausalAttention(qkv, 2, cache, cache, [0, 3], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => CausalAttention(qkv, 2, cache, cache, [0, 0], -1));
        Refused("-1 cached positions in sequence 1", () => CausalAttention(qkv, 2, cache, cache, [0, -1], 1));

        static void Refused(string message, Func<Variable> operation) =>
            Fails.With<ArgumentException>(message, operation);
    }
}

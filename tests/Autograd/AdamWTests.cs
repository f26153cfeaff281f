using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;

namespace Sharpformer.Tests.Autograd;

public sealed class AdamWTests
{
    private const double Rate = 0.05, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Ten_steps_match_float64_with_and_without_decay(string name)
    {
        foreach (double decay in new[] { 0, 0.1 })
        {
            using Device device = Devices.Create(name);
            int[][] shapes = [[7], [3, 33]];
            Tensor[] parameters = [.. shapes.Select((s, i) => device.From(Devices.Values(new Shape(s).Count, i), s))];
            ReferenceAdamW[] expected = [.. parameters.Select(p => new ReferenceAdamW(p.ToArray(), decay))];
            var optimizer = new AdamW((float)Rate, weightDecay: (float)decay);
            foreach (Tensor parameter in parameters) optimizer.Add(parameter);

            for (int step = 1; step <= 10; step++)
            {
                // Gradients of very different sizes: Adam's steps do not depend on it.
                float[] Gradient(int[] shape, int seed) =>
                    [.. Devices.Values(new Shape(shape).Count, seed).Select((g, e) => g * MathF.Pow(10, e % 7 - 3))];
                float[][] gradients = [.. shapes.Select((s, i) => Gradient(s, 100 * step + i))];
                optimizer.Step([.. gradients.Select((g, i) => device.From(g, shapes[i]))]);
                for (int i = 0; i < parameters.Length; i++)
                {
                    expected[i].Step(gradients[i]);
                    float[] actual = parameters[i].ToArray();

                    // Each step rounds the parameter once or twice; a step itself is 0.05, seen to about 1e-5 of it.
                    for (int e = 0; e < actual.Length; e++)
                        Devices.Close(
                            expected[i].Value[e], actual[e], 1e-7 * (step + 1) * (1 + Math.Abs(actual[e])),
                            $"decay {decay}, step {step}, parameter {i}, element {e}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_first_step_is_the_learning_rate_against_the_sign(string name)
    {
        // With the bias corrections m̂ = g and v̂ = g², so the step is lr·g/|g|, for gradients of any size.
        float[] gradients = [1e-3f, -1e-3f, 1, -1, 1000, -1000, 1e15f, -1e15f, 0];
        using Device device = Devices.Create(name);
        Tensor parameter = device.Zeros(new Shape(9));
        var optimizer = new AdamW(0.05f);
        optimizer.Add(parameter);
        optimizer.Step(device.From(gradients, 9));
        float[] actual = parameter.ToArray();
        for (int i = 0; i < actual.Length; i++)
            Devices.Close(-0.05 * Math.Sign(gradients[i]), actual[i], 0.05 * 2e-5, $"gradient {gradients[i]}"); // ε is 1e-5 of the smallest
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fresh_object_starts_from_zero_moments(string name)
    {
        using Device device = Devices.Create(name);
        Tensor parameter = device.From(Devices.Values(17), 17);
        float[] gradient = Devices.Values(17, 2), opposite = Array.ConvertAll(gradient, g => -g);
        var first = new AdamW((float)Rate);
        first.Add(parameter);
        for (int step = 0; step < 3; step++) first.Step(device.From(gradient, 17));

        var expected = new ReferenceAdamW(parameter.ToArray(), 0);
        var second = new AdamW((float)Rate);
        second.Add(parameter);
        second.Step(device.From(opposite, 17));
        expected.Step(opposite);
        GradientCheck.Close(expected.Value, parameter.ToArray(), 1e-6, "after a fresh start");

        // The old object still has the old direction in its moments, and goes on with it against the new gradient.
        float[] before = parameter.ToArray();
        first.Step(device.From(opposite, 17));
        float[] after = parameter.ToArray();
        Assert.All(Enumerable.Range(0, 17), i => Assert.Equal(-Math.Sign(gradient[i]), Math.Sign(after[i] - before[i])));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decay_acts_on_the_parameter_and_not_on_the_moments(string name)
    {
        using Device device = Devices.Create(name);
        Tensor parameter = device.From([2, -2, 300], 3);
        var optimizer = new AdamW(0.5f, weightDecay: 0.5f);
        optimizer.Add(parameter);
        optimizer.Step(device.Zeros(new Shape(3)));
        optimizer.Step(device.Zeros(new Shape(3)));
        Assert.Equal([2 * 0.5625f, -2 * 0.5625f, 300 * 0.5625f], parameter.ToArray()); // (1 - lr·decay)²
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parameter_may_decay_on_its_own(string name)
    {
        using Device device = Devices.Create(name);
        Tensor decays = device.From([2, 4], 2), stays = device.From([2, 4], 2);
        var optimizer = new AdamW(0.5f, weightDecay: 0.5f);
        optimizer.Add(decays);
        optimizer.Add(stays, decay: 0);
        optimizer.Step(device.Zeros(new Shape(2)), device.Zeros(new Shape(2)));
        Assert.Equal([1.5f, 3], decays.ToArray());
        Assert.Equal([2f, 4], stays.ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parameter_may_step_at_a_rate_of_its_own(string name)
    {
        using Device device = Devices.Create(name);
        Tensor fast = device.From([2, 4], 2), alike = device.From([2, 4], 2), gradient = device.From([1, -3], 2);
        AdamW one = new(0.125f, weightDecay: 0.5f), other = new(0.5f, weightDecay: 0.5f);
        one.Add(fast, rate: 4);
        other.Add(alike);
        one.Step(gradient);
        other.Step(gradient);
        Devices.SameBits(alike.ToArray(), fast.ToArray(), "4 times an eighth");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_scale_counts_as_if_the_gradients_had_been_multiplied_and_leaves_them_as_they_are(string name)
    {
        using Device device = Devices.Create(name);
        Tensor scaled = device.From(Devices.Values(33, 1), 33), multiplied = device.From(Devices.Values(33, 1), 33);
        AdamW one = new(0.1f) { GradientScale = 0.25f }, other = new(0.1f); // a power of two: no rounding
        one.Add(scaled);
        other.Add(multiplied);
        for (int step = 0; step < 3; step++)
        {
            float[] gradient = Devices.Values(33, 10 + step);
            Tensor given = device.From(gradient, 33);
            one.Step(given);
            other.Step(device.From(Array.ConvertAll(gradient, g => 0.25f * g), 33));
            Assert.Equal(gradient, given.ToArray());
        }

        Devices.SameBits(multiplied.ToArray(), scaled.ToArray(), "parameter");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Parameters_moments_and_steps_are_all_that_it_goes_on_from(string name)
    {
        using Device device = Devices.Create(name);
        Tensor whole = device.From(Devices.Values(33, 1), 33);
        AdamW without = new(0.1f, weightDecay: 0.1f), after = new(0.7f, weightDecay: 0.1f) { LearningRate = 0.1f };
        without.Add(whole);
        for (int step = 0; step < 3; step++) without.Step(device.From(Devices.Values(33, 10 + step), 33));

        Tensor resumed = device.From(whole.ToArray(), 33);
        after.Add(resumed);
        foreach (((Tensor mean, Tensor square), (Tensor newMean, Tensor newSquare)) in without.Moments.Zip(after.Moments))
        {
            device.Upload(mean.ToArray(), newMean);
            device.Upload(square.ToArray(), newSquare);
        }

        after.Steps = without.Steps;
        foreach (AdamW optimizer in (AdamW[])[without, after]) optimizer.Step(device.From(Devices.Values(33, 20), 33));
        Devices.SameBits(whole.ToArray(), resumed.ToArray(), "parameter");
    }

    [Fact]
    public void Gradients_that_do_not_fit_are_refused_before_anything_moves()
    {
        using Device device = Devices.Create("cpu");
        Tensor a = device.From([1, 2, 3, 4, 5, 6], 2, 3), b = device.From([7], 1);
        var optimizer = new AdamW(0.1f);
        optimizer.Add(a);
        optimizer.Add(b);
        Tensor forA = device.From([1, 1, 1, 1, 1, 1], 2, 3), forB = device.From([1], 1);
        Assert.Equal("AdamW: 2 parameters, 1 gradients.", Assert.Throws<ArgumentException>(() => optimizer.Step(forA)).Message);
        Assert.Equal("AdamW: 2 parameters, 3 gradients.", Assert.Throws<ArgumentException>(() => optimizer.Step(forA, forB, forB)).Message);
        Assert.Equal(
            "AdamW: parameter 0 is [2,3], its gradient [3].",
            Assert.Throws<ArgumentException>(() => optimizer.Step(device.Zeros(new Shape(3)), forB)).Message);
        Fails.With<ArgumentException>("parameter 1", () => optimizer.Step(forA, forA));
        Assert.Equal([1f, 2, 3, 4, 5, 6], a.ToArray());

        optimizer.Step(forA, forB); // refused calls were no steps: this is the first, of size lr
        Assert.Equal(6.9f, b.ToScalar(), 1e-6f);
    }

    /// <summary>The update as Loshchilov and Hutter write it, in float64.</summary>
    private sealed class ReferenceAdamW(float[] start, double decay)
    {
        private readonly double[] m = new double[start.Length], v = new double[start.Length];
        private int steps;

        public double[] Value { get; } = Array.ConvertAll(start, p => (double)p);

        public void Step(float[] gradient)
        {
            steps++;
            for (int i = 0; i < Value.Length; i++)
            {
                m[i] = Beta1 * m[i] + (1 - Beta1) * gradient[i];
                v[i] = Beta2 * v[i] + (1 - Beta2) * gradient[i] * gradient[i];
                double mHat = m[i] / (1 - Math.Pow(Beta1, steps)), vHat = v[i] / (1 - Math.Pow(Beta2, steps));
                Value[i] -= Rate * (mHat / (Math.Sqrt(vHat) + Epsilon) + decay * Value[i]);
            }
        }
    }
}

using Sharpformer.Editing.Methods.ScopedIReVa;

namespace Sharpformer.Tests.Editing.Methods.ScopedIReVa;

/// <summary>What a key is made of, against its definition in float64.</summary>
public sealed class ScopedKeyTests
{
    private const int C = 48;
    private const float Theta = 0.35f;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void The_own_prompt_scores_as_in_plain_iReVa_and_what_all_have_in_common_is_far_below(bool hasWording, bool hasAfter)
    {
        var rng = new Random(3);
        (float[] own, double[] mu) = (Row(rng), [.. Row(rng).Select(x => (double)x)]);
        double[]? wording = hasWording ? [.. own.Select((x, c) => (0.3 * (x - mu[c])) + rng.NextDouble())] : null;
        float[] after = hasAfter ? [.. own.Select(x => x + (0.8f * (float)rng.NextDouble()))] : [];
        (float[] key, float threshold) = ScopedKey.Of(own, mu, wording, after, Theta, ownShare: 0.5f);

        Assert.Equal((1 - Theta) * (C - 1), Dot(key, own) - threshold, 1e-3);
        Assert.Equal(-Theta * (C - 1), Dot(key, mu) - threshold, 1e-3);
        if (hasAfter) // behind its answer it is no nearer than the subject's other prompts
            Assert.True(Dot(key, after) - threshold <= (-Theta * (C - 1)) + 1e-3);

        double[] w = [.. own.Select((x, c) => wording is null ? x - mu[c] : (0.5 * (x - mu[c])) + (0.5 * wording[c]))];
        if (!hasAfter) Assert.Equal(1, Dot(key, w) / Math.Sqrt(Dot(key, key) * Dot(w, w)), 1e-6); // the same direction
    }

    [Fact]
    public void Where_nothing_else_tells_it_from_the_others_the_prompt_itself_does()
    {
        var rng = new Random(4);
        (float[] own, double[] mu) = (Row(rng), new double[C]);
        double[] against = [.. own.Select(x => -5.0 * x)];
        (float[] key, float threshold) = ScopedKey.Of(own, mu, against, [], Theta, ownShare: 0.5f);
        Assert.Equal((1 - Theta) * (C - 1), Dot(key, own) - threshold, 1e-3);
    }

    [Fact]
    public void Rows_are_averaged_number_by_number() => Assert.Equal([2.0, 3.0], ScopedKey.Mean([1, 2, 3, 4], 2));

    private static float[] Row(Random rng) => [.. Enumerable.Range(0, C).Select(_ => (float)((2 * rng.NextDouble()) - 1))];

    private static double Dot(float[] x, float[] y) => x.Zip(y, (a, b) => (double)a * b).Sum();

    private static double Dot(float[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();

    private static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();
}

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>
/// The key of a first target token: not what the prompt's state is, but what tells it from the subject's other prompts. In float64.
/// </summary>
internal static class ScopedKey
{
    /// <summary>A key and its threshold.</summary>
    /// <param name="own">x̂₀, <c>[C]</c>.</param>
    /// <param name="mu">μ: mean x̂ of the negatives, <c>[C]</c>.</param>
    /// <param name="wording">T - g: what edits in the same words have in common beside all edits, <c>[C]</c>; null where there are no
    /// others in these words.</param>
    /// <param name="after">x̂ behind the edit's own answer, <c>[C]</c>; null where there is no room behind it.</param>
    /// <param name="theta">θ.</param>
    /// <param name="ownShare">Weight of the own direction beside the wording's.</param>
    public static (float[] Key, float Threshold) Of(
        ReadOnlySpan<float> own, ReadOnlySpan<double> mu, double[]? wording, ReadOnlySpan<float> after, float theta, float ownShare)
    {
        int C = own.Length;
        double[] contrast = new double[C], w = new double[C];
        for (int c = 0; c < C; c++)
        {
            contrast[c] = own[c] - mu[c];
            w[c] = wording is null ? contrast[c] : (ownShare * contrast[c]) + ((1 - (double)ownShare) * wording[c]);
        }

        if (!after.IsEmpty)
        {
            double[] u = new double[C];
            for (int c = 0; c < C; c++) u[c] = after[c] - mu[c];
            double share = Dot(u, w) / Dot(u, u);
            if (share > 0) // the edit shall not fire again behind its own answer
                for (int c = 0; c < C; c++) w[c] -= share * u[c];
        }

        // The own prompt scores (1-θ)(C-1), as in iReVa, so that α carries over.
        double along = Dot(contrast, w);
        if (!(along > 0)) (w, along) = (contrast, Dot(contrast, contrast)); // nothing tells them apart but the prompt itself
        double scale = (C - 1) / along;
        float[] key = [.. w.Select(value => (float)(value * scale))];
        double b = theta * (C - 1.0);
        for (int c = 0; c < C; c++) b += mu[c] * key[c];
        return (key, (float)b);
    }

    /// <summary>The mean of rows of C numbers, added in their order.</summary>
    public static double[] Mean(ReadOnlySpan<float> rows, int C)
    {
        double[] mean = new double[C];
        for (int i = 0; i < rows.Length; i++) mean[i % C] += rows[i];
        int count = rows.Length / C;
        for (int c = 0; c < C; c++) mean[c] /= count;
        return mean;
    }

    private static double Dot(double[] x, double[] y)
    {
        double sum = 0;
        for (int c = 0; c < x.Length; c++) sum += x[c] * y[c];
        return sum;
    }
}

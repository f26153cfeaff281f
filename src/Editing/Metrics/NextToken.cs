using Sharpformer.Tensors;

namespace Sharpformer.Editing.Metrics;

/// <summary>What can be said of the logits of one next token, <c>[V]</c>; sums are float64.</summary>
internal static class NextToken
{
    /// <summary>The tokens of the largest logits, largest first; of equal ones the first.</summary>
    /// <param name="logits"><c>[V]</c>.</param>
    /// <param name="count">How many, at least one; fewer where the vocabulary is smaller.</param>
    public static int[] Top(ReadOnlySpan<float> logits, int count)
    {
        count = Math.Min(count, logits.Length);
        int[] top = new int[count];
        int found = 0;
        for (int v = 0; v < logits.Length; v++)
        {
            if (found == count && !(logits[v] > logits[top[^1]])) continue;
            int at = found < count ? found++ : count - 1;
            for (; at > 0 && logits[v] > logits[top[at - 1]]; at--) top[at] = top[at - 1];
            top[at] = v;
        }

        return top;
    }

    /// <summary>How many tokens have a larger logit than this one, plus one.</summary>
    public static int Rank(ReadOnlySpan<float> logits, int token)
    {
        int rank = 1;
        foreach (float z in logits)
            if (z > logits[token]) rank++;
        return rank;
    }

    /// <summary>The probability of a token.</summary>
    public static double Probability(ReadOnlySpan<float> logits, int token) => Math.Exp(logits[token] - RowMath.LogSumExp(logits));

    /// <summary>
    /// KL(p ‖ q) = Σ p·(ln p - ln q) in nats, of the distributions that two rows of logits mean; no number where a logit is none.
    /// </summary>
    /// <param name="before">Logits of p, <c>[V]</c>.</param>
    /// <param name="after">Logits of q, <c>[V]</c>.</param>
    public static double Divergence(ReadOnlySpan<float> before, ReadOnlySpan<float> after)
    {
        double sumBefore = RowMath.LogSumExp(before), sumAfter = RowMath.LogSumExp(after), divergence = 0;
        for (int v = 0; v < before.Length; v++)
        {
            double p = before[v] - sumBefore, q = after[v] - sumAfter;
            divergence += Math.Exp(p) * (p - q);
        }

        return Math.Max(0, divergence); // rounding may leave a little less
    }
}

using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>How the next token is chosen from logits.</summary>
/// <param name="Temperature">0 takes the most likely token; otherwise logits are divided by it.</param>
/// <param name="TopP">Only the smallest set of tokens with at least this probability together is drawn from (Holtzman et al. 2020).</param>
/// <param name="Seed">Seeds the draws; same seed, same text.</param>
public sealed record SamplingOptions(float Temperature = 0, float TopP = 1, ulong Seed = 0)
{
    /// <summary>Checks the ranges.</summary>
    /// <exception cref="InputException">Temperature is negative or not finite, or TopP outside (0, 1].</exception>
    public SamplingOptions Checked()
    {
        if (!(Temperature >= 0 && float.IsFinite(Temperature)))
            throw new InputException($"temperature is {Temperature}, expected a number from 0.");
        if (!(TopP is > 0 and <= 1)) throw new InputException($"top-p is {TopP}, expected a number above 0, at most 1.");
        return this;
    }
}

/// <summary>Draws tokens from logits.</summary>
/// <param name="options">How.</param>
/// <param name="rng">Where the draws come from.</param>
public sealed class Sampler(SamplingOptions options, Rng rng)
{
    private float[] weights = []; // reused: a vocabulary's worth for every token would keep the collector busy

    /// <summary>The next token for one row of logits <c>[V]</c>.</summary>
    /// <exception cref="InputException">A logit is not a number, or the largest is infinite: whatever was drawn would mean
    /// nothing.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        float highest = RowMath.Max(logits);
        if (weights.Length != logits.Length) weights = new float[logits.Length];
        float scale = options.Temperature == 0 ? 1 : 1 / MathF.Max(1e-6f, options.Temperature); // small enough that no logit overflows
        double total = RowMath.ExpShifted(logits, scale, scale * highest, weights);
        if (!double.IsFinite(total) || !float.IsFinite(highest)) throw Unusable(logits);
        int best = logits.IndexOf(highest);
        if (options.Temperature == 0) return best;
        if (options.TopP < 1) return DrawnFrom(Nucleus(options.TopP * total), best);

        double draw = rng.NextDouble() * total;
        for (int v = 0; v < weights.Length; v++)
            if ((draw -= weights[v]) < 0) return v;
        return best; // rounding left a crumb of the total
    }

    private int DrawnFrom(int[] candidates, int best)
    {
        double draw = rng.NextDouble() * candidates.Sum(v => (double)weights[v]);
        foreach (int v in candidates)
            if ((draw -= weights[v]) < 0) return v;
        return best;
    }

    /// <summary>The most likely tokens, most likely first, until they weigh enough together; ties by id.</summary>
    private int[] Nucleus(double enough)
    {
        int[] order = [.. Enumerable.Range(0, weights.Length).OrderByDescending(v => weights[v])];
        double mass = 0;
        int count = 0;
        while (count < order.Length && mass < enough) mass += weights[order[count++]];
        return order[..count];
    }

    private static InputException Unusable(ReadOnlySpan<float> logits)
    {
        int token = 0;
        while (token < logits.Length - 1 && !float.IsNaN(logits[token]) && !float.IsPositiveInfinity(logits[token])) token++;
        return new InputException(
            $"The model's logit of token {token} is {logits[token]}, expected a finite number.",
            "the weights are damaged, or an edit's alpha is too large.");
    }
}

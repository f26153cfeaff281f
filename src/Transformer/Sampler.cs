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
        if (!(Temperature >= 0 && float.IsFinite(Temperature))) throw new InputException($"temperature is {Temperature}, expected a number from 0.");
        if (!(TopP is > 0 and <= 1)) throw new InputException($"top-p is {TopP}, expected a number above 0, at most 1.");
        return this;
    }
}

/// <summary>Draws tokens from logits.</summary>
/// <param name="options">How.</param>
/// <param name="rng">Where the draws come from.</param>
public sealed class Sampler(SamplingOptions options, Rng rng)
{
    private double[] weights = []; // reused: a vocabulary's worth for every token would keep the collector busy
    private int[] everyToken = [];

    /// <summary>The next token for one row of logits <c>[V]</c>.</summary>
    /// <exception cref="InputException">A logit is not a number, or the largest is infinite: whatever was drawn would mean nothing.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int v = 0; v < logits.Length; v++)
            if (logits[v] > logits[best] || float.IsNaN(logits[v])) best = v; // nothing is larger than NaN, so it stays
        if (!float.IsFinite(logits[best]))
            throw new InputException($"The model's logit of token {best} is {logits[best]}, expected a finite number.", "the weights are damaged, or an edit's alpha is too large.");
        if (options.Temperature == 0) return best;

        if (weights.Length != logits.Length) (weights, everyToken) = (new double[logits.Length], [.. Enumerable.Range(0, logits.Length)]);
        double total = 0;
        for (int v = 0; v < weights.Length; v++)
            total += weights[v] = Math.Exp((logits[v] - (double)logits[best]) / options.Temperature);
        int[] candidates = options.TopP < 1 ? Nucleus(options.TopP * total) : everyToken;

        double mass = 0;
        foreach (int v in candidates) mass += weights[v];
        double draw = rng.NextDouble() * mass;
        foreach (int v in candidates)
            if ((draw -= weights[v]) < 0) return v;
        return best; // rounding left a crumb of the mass
    }

    /// <summary>The most likely tokens, most likely first, until they weigh enough together; ties by id.</summary>
    private int[] Nucleus(double enough)
    {
        int[] order = [.. everyToken.OrderByDescending(v => weights[v])];
        double mass = 0;
        int count = 0;
        while (count < order.Length && mass < enough) mass += weights[order[count++]];
        return order[..count];
    }
}

using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Metrics;

/// <summary>How a model takes tokens that follow some positions.</summary>
/// <param name="Losses">-log p of each.</param>
/// <param name="Likeliest">The most likely one instead.</param>
internal sealed record TokenScores(float[] Losses, int[] Likeliest)
{
    /// <summary>Those of the base model, and of the edited one, which is asked only where it may differ.</summary>
    /// <param name="both">The models.</param>
    /// <param name="first">The first position.</param>
    /// <param name="tokens">What follows each position.</param>
    /// <param name="firings">What fires at them.</param>
    /// <param name="rowsAtOnce">At how many positions the edited model is asked at once.</param>
    public static (TokenScores Base, TokenScores Edited) Of(
        Comparison both, int first, ReadOnlySpan<int> tokens, Firing[] firings, int rowsAtOnce)
    {
        TokenScores before = Read(both.BaseLogits(first, tokens.Length), tokens);
        var after = new TokenScores([.. before.Losses], [.. before.Likeliest]);
        foreach (int[] rows in both.Differing(firings).Chunk(rowsAtOnce))
        {
            using BufferScope tails = both.Device.Scope();
            int[] targets = new int[rows.Length];
            for (int i = 0; i < rows.Length; i++) targets[i] = tokens[rows[i]];
            Variable logits = both.EditedLogits([.. rows.Select(r => first + r)], [.. rows.Select(r => firings[r])]);
            TokenScores there = Read(logits, targets);
            for (int i = 0; i < rows.Length; i++)
                (after.Losses[rows[i]], after.Likeliest[rows[i]]) = (there.Losses[i], there.Likeliest[i]);
        }

        return (before, after);
    }

    private static TokenScores Read(Variable logits, ReadOnlySpan<int> tokens) =>
        new(Ops.CrossEntropy(logits, tokens).Value.ToArray(), logits.Value.Device.ArgMax(logits.Value));
}

using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>Why the edited model says what it says after a prompt.</summary>
/// <param name="Nearest">How the edits that sit beside the model see the prompt: the one that speaks first, then those that come
/// closest.</param>
/// <param name="Changes">The most likely next tokens of either model, with both models' logits and probabilities, most changed
/// first.</param>
/// <param name="Target">The token that is followed through the blocks.</param>
/// <param name="Lens">Its way through the blocks, before and after editing.</param>
public sealed record Explanation(
    IReadOnlyList<Firing> Nearest, IReadOnlyList<TokenChange> Changes, int Target, IReadOnlyList<BlockReading> Lens)
{
    private const int Firings = 5, Tokens = 5;

    /// <summary>What fires, or comes closest to it.</summary>
    public Firing First => Nearest.Count == 0 ? default : Nearest[0];

    /// <summary>Asks both models for the next token after a prompt.</summary>
    /// <param name="model">The models.</param>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="target">The token to follow through the blocks; null for that of the edit that wins, or else what the edited model
    /// says.</param>
    /// <exception cref="InputException">The prompt is empty or longer than the model's positions.</exception>
    public static Explanation Of(EditedModel model, int[] prompt, int? target = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        using BufferScope scope = model.Base.Device.Scope();
        Comparison both = Comparison.Run(model, [model.Base.CheckedPrompt(prompt)], [prompt.Length - 1]);
        Firing[] firings = both.Fire(0, 1);
        float[] before = both.BaseLogits(0, 1).Value.ToArray();
        float[] after = both.Differing(firings).Length > 0 ? both.EditedLogits([0], firings).Value.ToArray() : before;
        bool isWon = firings[0] is { State: FiringState.Answers or FiringState.Withdrawn, IsJoint: false };
        int followed = target ?? (isWon ? firings[0].Token : NextToken.Top(after, 1)[0]);
        return new Explanation(
            both.Nearest(0, Firings), ChangesBetween(before, after), followed, LogitLens.Read(model, prompt, followed));
    }

    private static TokenChange[] ChangesBetween(float[] before, float[] after)
    {
        double[] p = Probabilities(before), q = Probabilities(after);
        return [.. NextToken.Top(before, Tokens).Union(NextToken.Top(after, Tokens))
            .Select(token => new TokenChange(token, before[token], after[token], p[token], q[token]))
            .OrderByDescending(change => Math.Abs(change.ProbabilityAfter - change.ProbabilityBefore))
            .ThenByDescending(change => change.ProbabilityBefore)];
    }

    private static double[] Probabilities(float[] logits)
    {
        double logSum = RowMath.LogSumExp(logits);
        return [.. logits.Select(z => Math.Exp(z - logSum))];
    }
}

/// <summary>What editing did to one candidate token.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogitBefore">The base model's logit.</param>
/// <param name="LogitAfter">The edited model's logit.</param>
/// <param name="ProbabilityBefore">The base model's probability.</param>
/// <param name="ProbabilityAfter">The edited model's probability.</param>
public readonly record struct TokenChange(
    int Token, float LogitBefore, float LogitAfter, double ProbabilityBefore, double ProbabilityAfter);

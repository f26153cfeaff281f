using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>A token that the edited model wrote, and who made it.</summary>
/// <param name="Token">The token.</param>
/// <param name="Text">Its text.</param>
/// <param name="First">The edit that speaks, or comes closest to it.</param>
/// <param name="Nearest">How the edits see what stands before the token, those that come closest first.</param>
/// <param name="BaseToken">What the base model would have said there.</param>
/// <param name="BaseText">Its text.</param>
/// <param name="ProbabilityBefore">The probability of <paramref name="Token"/> in the base model.</param>
/// <param name="ProbabilityAfter">The same in the edited model.</param>
public sealed record ExplainedToken(
    int Token, string Text, Firing First, IReadOnlyList<Firing> Nearest, int BaseToken, string BaseText, double ProbabilityBefore,
    double ProbabilityAfter);

/// <summary>What the edited model wrote, token by token.</summary>
/// <param name="Made">The text.</param>
/// <param name="Tokens">Its tokens.</param>
public sealed record ExplainedGeneration(Generation Made, IReadOnlyList<ExplainedToken> Tokens)
{
    private const int Firings = 12;

    /// <summary>
    /// Looks at a text once it is written: a trace shows each position as it was when it was the last, so nothing is decoded twice.
    /// </summary>
    internal static ExplainedGeneration Of(
        EditedModel model, Tokenizer tokenizer, int[] prompt, Generation made, CancellationToken cancellation)
    {
        if (made.Tokens.Count == 0) return new ExplainedGeneration(made, []);
        using BufferScope scope = model.Base.Device.Scope();
        Comparison both = Comparison.Run(
            model, [[.. prompt, .. made.Tokens.SkipLast(1)]], [prompt.Length - 1], cancellation: cancellation);
        var tokens = new ExplainedToken[made.Tokens.Count];
        for (int i = 0; i < tokens.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope one = model.Base.Device.Scope();
            Firing[] firings = both.Fire(i, 1);
            float[] before = both.BaseLogits(i, 1).Value.ToArray();
            float[] after = both.Differing(firings).Length > 0 ? both.EditedLogits([i], firings).Value.ToArray() : before;
            (int token, int baseToken) = (made.Tokens[i], NextToken.Top(before, 1)[0]);
            tokens[i] = new ExplainedToken(
                token, tokenizer.TextOf(token), firings[0], both.Nearest(i, Firings), baseToken, tokenizer.TextOf(baseToken),
                NextToken.Probability(before, token), NextToken.Probability(after, token));
        }

        return new ExplainedGeneration(made, tokens);
    }
}

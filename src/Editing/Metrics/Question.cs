
namespace Sharpformer.Editing.Metrics;

/// <summary>A prompt and its expected answer, perhaps about one edit of the store.</summary>
/// <param name="Tokens">Prompt and answer.</param>
/// <param name="Edit">The edit that <see cref="Answer.Withdrawn"/> withdraws; null for none.</param>
public sealed record Question(EditTokens Tokens, long? Edit = null)
{
    /// <summary>The same question about the first target token alone: cheaper where the others are not looked at.</summary>
    public Question OnlyNextToken() => this with { Tokens = Tokens with { Target = Tokens.Target[..1] } };
}

namespace Sharpformer.Editing;

/// <summary>Identifies a base model: edits made on one are meaningless on another.</summary>
/// <param name="Weights">SHA-256 over the weights' bytes, lower-case hex.</param>
/// <param name="Tokenizer">SHA-256 over the tokenizer files' bytes, lower-case hex.</param>
public sealed record ModelFingerprint(string Weights, string Tokenizer)
{
    /// <summary>Digits of a hash in a file's name.</summary>
    internal const int ShortLength = 12;

    /// <summary>The beginning of <see cref="Weights"/>, for a file's name.</summary>
    internal string Short => Weights[..Math.Min(ShortLength, Weights.Length)];
}

namespace Sharpformer.Transformer.Tokenization;

/// <summary>What the files of a byte-level BPE tokenizer say, whichever form they have; checked.</summary>
/// <param name="Tokens">The base vocabulary by id, as written in the byte alphabet.</param>
/// <param name="Merges">Merges in order of rank, each two tokens with a blank between them.</param>
/// <param name="Added">
/// Tokens that are found in the text before it is cut into pieces; those beyond the base vocabulary may leave gaps.
/// </param>
/// <param name="AddPrefixSpace">Whether each text between added tokens gets a blank in front if it has none.</param>
/// <param name="UsesPattern">Whether GPT-2's pattern cuts the text; without it merges may run over the whole text.</param>
internal sealed record TokenizerDefinition(
    string[] Tokens, IReadOnlyList<string> Merges, IReadOnlyList<AddedToken> Added, bool AddPrefixSpace, bool UsesPattern)
{
    /// <summary>One more than any id may be: no model has a larger vocabulary, and memory must not follow a claim.</summary>
    public const int MaxIds = 1 << 24;
}

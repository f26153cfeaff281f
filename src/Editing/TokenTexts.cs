using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>Tokens as people read them.</summary>
internal static class TokenTexts
{
    /// <summary>A token's text. A vocabulary padded to a round size has rows without any.</summary>
    public static string TextOf(this Tokenizer tokenizer, int id) =>
        id < tokenizer.VocabularySize ? tokenizer.Decode([id]) : $"<token {id}>";

    /// <summary>The text of several tokens, in which one character may be spread over some.</summary>
    public static string TextOf(this Tokenizer tokenizer, ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
            if (id >= tokenizer.VocabularySize) return string.Concat(ids.ToArray().Select(tokenizer.TextOf));
        return tokenizer.Decode(ids.ToArray());
    }
}

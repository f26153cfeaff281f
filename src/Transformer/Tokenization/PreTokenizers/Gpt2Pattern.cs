using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer.Tokenization.PreTokenizers;

/// <summary>
/// Cuts text into the pieces that merges may not cross, exactly as GPT-2's pattern does:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// It is written out by hand because .NET's regular expressions see UTF-16 units: to them the letter 𝒳 is two
/// surrogates and no letter, which would give other ids than the model was trained with.
/// </summary>
internal static class Gpt2Pattern
{
    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>Length of the piece that a text, which is not empty, begins with.</summary>
    public static int PieceLength(ReadOnlySpan<char> text)
    {
        foreach (string contraction in Contractions)
            if (text.StartsWith(contraction, StringComparison.Ordinal)) return contraction.Length;

        int space = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        Kind kind = KindAt(text[space..], out _);
        if (kind != Kind.Space) return space + RunLength(text[space..], kind);

        // White space before a word leaves its last character to the word: " ?" takes it if it is a blank.
        int run = RunLength(text, Kind.Space);
        return run == text.Length || run == 1 ? run : run - 1;
    }

    private static int RunLength(ReadOnlySpan<char> text, Kind kind)
    {
        int length = 0;
        while (length < text.Length && KindAt(text[length..], out int units) == kind) length += units;
        return length;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, out int units)
    {
        Rune.DecodeFromUtf16(text, out Rune rune, out units);
        if (Rune.IsWhiteSpace(rune)) return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}

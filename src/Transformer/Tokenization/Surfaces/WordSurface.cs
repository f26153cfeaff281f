using System.Text;
using Sharpformer.Transformer.Tokenization.Normalizers;

namespace Sharpformer.Transformer.Tokenization.Surfaces;

/// <summary>Tokens that are words or parts of them: a blank stands between words.</summary>
internal sealed class WordSurface : ITokenSurface
{
    // What Hugging Face's tokenizers do about English texts, piece by piece and in this order.
    private static readonly (string From, string To)[] English =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <summary>What a token within a word begins with, as <c>##</c>; empty where none does.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What the last token of a word ends with, as <c>&lt;/w&gt;</c>; empty where none does.</summary>
    public string Suffix { get; init; } = "";

    /// <summary><c>cleanup</c>: no blank before punctuation marks and contractions.</summary>
    public bool CleansUp { get; init; }

    /// <summary>Whether no blank stands beside a Chinese or Japanese character: each of them is a word only to the tokenizer.</summary>
    public bool JoinsChinese { get; init; }

    /// <inheritdoc/>
    public byte[] Of(Token token, Token? before)
    {
        string text = token.Text;
        if (Suffix.Length > 0) text = text.Replace(Suffix, "", StringComparison.Ordinal);
        if (before is { } other)
        {
            if (Prefix.Length > 0 && text.StartsWith(Prefix, StringComparison.Ordinal)) text = text[Prefix.Length..];
            else if (IsApart(other.Text, text)) text = " " + text;
        }

        if (CleansUp)
            foreach ((string from, string to) in English) text = text.Replace(from, to, StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text);
    }

    private bool IsApart(string before, string text)
    {
        if (Suffix.Length > 0) return before.EndsWith(Suffix, StringComparison.Ordinal);
        if (!JoinsChinese) return true;
        Rune.DecodeLastFromUtf16(before, out Rune last, out _);
        Rune.DecodeFromUtf16(text, out Rune first, out _);
        return !IsOfChineseText(last) && !IsOfChineseText(first);
    }

    private static bool IsOfChineseText(Rune rune) =>
        BertNormalizer.IsChinese(rune) || rune.Value is (>= 0x3000 and <= 0x30FF) or (>= 0xFF00 and <= 0xFFEF);
}

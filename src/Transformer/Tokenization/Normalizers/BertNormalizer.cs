using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer.Tokenization.Normalizers;

/// <summary>What BERT's tokenizers do to a text first, in this order.</summary>
/// <param name="CleansText"><c>clean_text</c>: controls are left out, white space becomes blanks.</param>
/// <param name="SeparatesChinese"><c>handle_chinese_chars</c>: each Chinese character gets a blank on either side.</param>
/// <param name="StripsAccents"><c>strip_accents</c>: characters are decomposed and their marks left out.</param>
/// <param name="Lowers"><c>lowercase</c>.</param>
internal sealed record BertNormalizer(bool CleansText, bool SeparatesChinese, bool StripsAccents, bool Lowers)
{
    /// <summary>Normalises a text.</summary>
    public string Normalize(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (CleansText && (rune.Value is 0 or 0xFFFD || IsControl(rune))) continue;
            if (CleansText && Rune.IsWhiteSpace(rune)) cleaned.Append(' ');
            else if (SeparatesChinese && IsChinese(rune)) cleaned.Append(' ').Add(rune).Append(' ');
            else cleaned.Add(rune);
        }

        string normal = cleaned.ToString();
        if (StripsAccents)
            normal = Letters.Without(
                UnicodeForm.Normalize(normal, NormalizationForm.FormD),
                rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark);
        return Lowers ? Letters.Lower(normal) : normal;
    }

    /// <summary>Whether a character is one of the CJK unified or compatibility ideographs, as BERT counts them.</summary>
    public static bool IsChinese(Rune rune) => rune.Value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
}

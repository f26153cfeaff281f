using System.Text;

namespace Sharpformer.Transformer.Tokenization.Normalizers;

/// <summary>Changes of single characters that several normalizers share.</summary>
internal static class Letters
{
    /// <summary>Lower case, character by character, whatever stands around it.</summary>
    public static string Lower(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            // The one character whose lower case is two.
            if (rune.Value == 0x130) lower.Append("i\u0307");
            else lower.Add(Rune.ToLowerInvariant(rune));
        }

        return lower.ToString();
    }

    /// <summary>Adds a character; <c>Append</c> would make an object of it first.</summary>
    public static StringBuilder Add(this StringBuilder text, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        return text.Append(units[..rune.EncodeToUtf16(units)]);
    }

    /// <summary>A text without the characters that <paramref name="drops"/> names.</summary>
    public static string Without(string text, Func<Rune, bool> drops)
    {
        var rest = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            if (!drops(rune)) rest.Add(rune);
        return rest.ToString();
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sharpformer.Tensors;

/// <summary>
/// Text that somebody else wrote (a model, a file, a store) made fit for a screen: what would command a terminal, turn the order of
/// letters around or not be seen at all becomes an escape that is seen. The one place that decides what that is.
/// </summary>
public static class VisibleText
{
    private enum Form
    {
        OneLine,
        Lines,
        Json,
    }

    /// <summary>The text on one line: line ends and tabs are escaped too.</summary>
    public static string OneLine(string text) => Escaped(text, Form.OneLine);

    /// <summary>The text with its line feeds and tabs; all else that is not seen is escaped.</summary>
    public static string Lines(string text) => Escaped(text, Form.Lines);

    /// <summary>A JSON document that says the same, in escapes of JSON.</summary>
    /// <param name="json">JSON, in which such characters stand only within texts.</param>
    public static string InJson(string json) => Escaped(json, Form.Json);

    private static string Escaped(string text, Form form)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~')) return text;
        StringBuilder? escaped = null;
        int done = 0;
        for (int at = 0; at < text.Length;)
        {
            bool isRune = Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int units) == OperationStatus.Done;
            if (!isRune || !(IsSeen(rune) || (form != Form.OneLine && rune.Value is ('\n' or '\t'))))
            {
                escaped ??= new StringBuilder(text.Length + 16);
                escaped.Append(text, done, at - done);
                Append(escaped, text.AsSpan(at, units), rune, isRune, form);
                done = at + units;
            }

            at += units;
        }

        return escaped is null ? text : escaped.Append(text, done, text.Length - done).ToString();
    }

    private static void Append(StringBuilder escaped, ReadOnlySpan<char> units, Rune rune, bool isRune, Form form)
    {
        if (rune.Value == '\n') escaped.Append("\\n");
        else if (isRune && !rune.IsBmp && form != Form.Json) escaped.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}");
        else foreach (char unit in units) escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
    }

    private static bool IsSeen(Rune rune)
    {
        if (rune.IsAscii) return rune.Value is >= ' ' and < 0x7F;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
            UnicodeCategory.Format => IsSeenFormat(rune.Value),
            _ => !IsIgnorable(rune.Value),
        };
    }

    /// <summary>Marks of Arabic, Syriac and Kaithi that stand under or before numbers.</summary>
    private static bool IsSeenFormat(int value) => value is
        (>= 0x0600 and <= 0x0605) or 0x06DD or 0x070F or 0x0890 or 0x0891 or 0x08E2 or 0x110BD or 0x110CD;

    /// <summary>
    /// What Unicode calls default ignorable beyond its format characters: joiners, fillers, variation selectors, but for the two that
    /// choose between emoji and text, which is seen.
    /// </summary>
    private static bool IsIgnorable(int value) => value is
        0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2065 or 0x3164
        or (>= 0xFE00 and <= 0xFE0D) or 0xFFA0 or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0000 and <= 0xE0FFF);
}

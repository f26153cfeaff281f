using System.Globalization;
using System.Net;
using System.Text;

namespace Sharpformer.Transformer;

/// <summary>Texts as they may stand in HTML and SVG.</summary>
internal static class Markup
{
    /// <summary>
    /// A text as content of an element or an attribute: markup escaped, and whatever has no look of its own or turns the direction of
    /// writing (control characters, line and paragraph separators, half surrogates) as its number.
    /// </summary>
    public static string Text(string text)
    {
        var visible = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i)) visible.Append(text, i++, 2);
            else if (IsSeen(text[i])) visible.Append(text[i]);
            else visible.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
        }

        return WebUtility.HtmlEncode(visible.ToString());
    }

    /// <summary>A number as in <see cref="CultureInfo.InvariantCulture"/>; "not a number" as a dash.</summary>
    public static string Number(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";

    private static bool IsSeen(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate);
}

using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>Breaks texts into lines between words.</summary>
internal static class TextWrap
{
    /// <summary>The columns that a text takes on a screen.</summary>
    public static int WidthOf(string text) => System.Text.Ascii.IsValid(text) ? text.Length : text.GetCellWidth();

    /// <summary>
    /// A text, its line ends kept, in lines of at most <paramref name="width"/> columns, each indented as the first of its paragraph is. A
    /// longer word has a line of its own, whole: paths and hashes are there to be copied.
    /// </summary>
    public static string Prose(string text, int width) => string.Join('\n', text.Split('\n').Select(line => Paragraph(line, width)));

    /// <summary>A text on one line as lines of at most <paramref name="width"/> columns; words that are longer are broken.</summary>
    public static IEnumerable<string> Lines(string text, int width)
    {
        foreach (string line in Filled(text, width))
        {
            string rest = line;
            while (WidthOf(rest) > width)
            {
                int end = Fitting(rest, width);
                yield return rest[..end];
                rest = rest[end..];
            }

            yield return rest;
        }
    }

    /// <summary>The columns of a text's longest word.</summary>
    public static int LongestWord(string text) => Words(text).Select(WidthOf).DefaultIfEmpty().Max();

    private static string Paragraph(string line, int width)
    {
        if (WidthOf(line) <= width) return line;
        string text = line.TrimStart(' '), indent = line[..^text.Length];
        return string.Join('\n', Filled(text, width - indent.Length).Select(part => indent + part));
    }

    private static List<string> Filled(string text, int width)
    {
        if (WidthOf(text) <= width) return [text];
        var lines = new List<string>();
        string line = "";
        int filled = 0;
        foreach (string word in Words(text))
        {
            int columns = WidthOf(word);
            if (line.Length > 0 && filled + 1 + columns > width)
            {
                lines.Add(line);
                (line, filled) = ("", 0);
            }

            (line, filled) = line.Length == 0 ? (word, columns) : ($"{line} {word}", filled + 1 + columns);
        }

        lines.Add(line);
        return lines;
    }

    /// <summary>
    /// The pieces between blanks. A blank that opens a quoted token, as in <c>" London"</c>, is a part of it, and that of a moment too.
    /// </summary>
    private static IEnumerable<string> Words(string text)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ' ' || (i == start + 1 && text[start] == '"') || IsDate(text.AsSpan(start, i - start))) continue;
            if (i > start) yield return text[start..i];
            start = i + 1;
        }

        if (start < text.Length) yield return text[start..];
    }

    private static bool IsDate(ReadOnlySpan<char> word) =>
        word.Length == 10 && word[4] == '-' && word[7] == '-' && char.IsAsciiDigit(word[0]);

    /// <summary>How many characters of a text fit; at least one, and no pair of surrogates is torn.</summary>
    private static int Fitting(string text, int width)
    {
        int end = 0, columns = 0;
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            columns += WidthOf(rune.ToString());
            if (columns > width && end > 0) break;
            end += rune.Utf16SequenceLength;
        }

        return end;
    }
}

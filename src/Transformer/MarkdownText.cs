using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>Texts that may hold anything, as they may stand in Markdown.</summary>
internal static class MarkdownText
{
    /// <summary>As code, also in a cell of a table.</summary>
    public static string Code(string text)
    {
        bool isPlain = text.Trim().Length == text.Length && !text.Any(c => "`|\\".Contains(c, StringComparison.Ordinal));
        return isPlain ? $"`{VisibleText.OneLine(text)}`" : $"<code>{Escaped(text)}</code>";
    }

    /// <summary>Text that means itself: what Markdown or HTML might take for something else is written by its number.</summary>
    public static string Escaped(string text) => string.Concat(VisibleText.OneLine(text).Select(c =>
        c is ' ' or '-' or '.' or ',' or '/' || !char.IsAscii(c) || char.IsAsciiLetterOrDigit(c) ? $"{c}" : $"&#{(int)c};"));
}

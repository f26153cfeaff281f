using System.Text.Json;

namespace Sharpformer.Tensors;

/// <summary>Says in an error message what a file holds that nobody has checked: short, and nothing a terminal would obey.</summary>
public static class Quoted
{
    private const int MaxLength = 100;
    private const int MaxDimensions = 8;

    /// <summary>The text in quotes, cut where it is long, on one line.</summary>
    public static string Text(string text) => $"\"{Bare(text)}\"";

    /// <summary>The same without quotes, for names that stand for themselves.</summary>
    public static string Bare(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int end = Math.Min(text.Length, MaxLength);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
        string shown = end == text.Length ? text : string.Concat(text.AsSpan(0, end), "…");
        shown = shown.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\t", "\\t").Replace("\r", "\\r");
        return VisibleText.OneLine(shown);
    }

    /// <summary>Where a JSON reader gave up. Its own message may quote the whole file.</summary>
    public static string Position(Exception error) => error switch
    {
        JsonException { LineNumber: { } line, BytePositionInLine: { } at } => $"line {line + 1}, byte {at + 1}",
        JsonException => "a name in it appears twice", // The one fault that comes without a place.
        _ => "half a surrogate pair in a text", // What GetString throws InvalidOperationException for, once UTF-8 is valid.
    };

    /// <summary>The shape as in <c>[4,64]</c>, cut where it is long.</summary>
    public static string Shape(IReadOnlyList<long> shape)
    {
        string dims = string.Join(',', shape.Take(MaxDimensions));
        return shape.Count <= MaxDimensions ? $"[{dims}]" : $"[{dims},… {shape.Count} dimensions]";
    }
}

using System.Buffers;
using System.Text.Json;

namespace Sharpformer.Transformer;

/// <summary>
/// <c>Infinity</c>, <c>-Infinity</c> and <c>NaN</c>, which Python's json module writes and JSON does not know, as numbers that JSON knows
/// and float64 does not. Nothing that matters may be one of them, and <see cref="JsonPart"/> names them as they were; what stands in texts
/// stays.
/// </summary>
internal static class PythonNumbers
{
    // Beyond float64, and with digits that nobody writes by chance: what a file says in other numbers is shown as it says it.
    private static readonly (string Python, string Json)[] Words =
    [
        ("-Infinity", "-1.8317290465118402739E+99999901"),
        ("Infinity", "1.8317290465118402739E+99999901"),
        ("NaN", "1.8317290465118402739E+99999902"),
    ];

    /// <summary>The same text as JSON; null where it holds none of the three.</summary>
    public static byte[]? ToJson(ReadOnlySpan<byte> text) => Replace(text, toJson: true);

    /// <summary>The way back: a text that <see cref="ToJson"/> made, as Python writes it.</summary>
    public static byte[]? ToPython(ReadOnlySpan<byte> text) => Replace(text, toJson: false);

    /// <summary>How Python writes a number of a JSON text.</summary>
    public static string Shown(JsonElement number)
    {
        string text = number.GetRawText();
        return Array.Find(Words, word => word.Json == text) is { Python: { } python } ? python : text;
    }

    private static byte[]? Replace(ReadOnlySpan<byte> text, bool toJson)
    {
        var replaced = new ArrayBufferWriter<byte>(text.Length + 64);
        int copied = 0;
        bool isQuoted = false;
        for (int at = 0; at < text.Length; at++)
        {
            byte here = text[at];
            if (here == '"') isQuoted = !isQuoted;
            else if (isQuoted && here == '\\') at++;
            if (isQuoted || (at > 0 && IsPartOfWord(text[at - 1]))) continue;
            foreach ((string python, string json) in Words)
            {
                (string from, string to) = toJson ? (python, json) : (json, python);
                if (!StartsWith(text[at..], from)) continue;
                replaced.Write(text[copied..at]);
                foreach (char letter in to) replaced.Write([(byte)letter]);
                copied = at + from.Length;
                at = copied - 1;
                break;
            }
        }

        if (copied == 0) return null;
        replaced.Write(text[copied..]);
        return replaced.WrittenSpan.ToArray();
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, string word)
    {
        if (text.Length < word.Length || (text.Length > word.Length && IsPartOfWord(text[word.Length]))) return false;
        for (int i = 0; i < word.Length; i++)
            if (text[i] != word[i]) return false;
        return true;
    }

    private static bool IsPartOfWord(byte letter) =>
        char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'_' or (byte)'-' or (byte)'.';
}

using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Text that a user names: UTF-8, with or without the mark that some editors put before it.</summary>
internal static class TextFile
{
    /// <summary>The name that means standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>All of a file, or of standard input.</summary>
    /// <exception cref="InputException">It cannot be read, or is not UTF-8.</exception>
    public static string Read(string path)
    {
        using StreamReader reader = Open(path);
        return Told(path, reader.ReadToEnd);
    }

    /// <summary>
    /// The same text piece by piece, for files that would take much room. Each piece ends where a word does, before a blank and
    /// another word; see Tokenizer.JoinsNoWords.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="length">Characters read at once; a piece is longer where no word ends.</param>
    /// <exception cref="InputException">It cannot be read, or is not UTF-8.</exception>
    public static IEnumerable<string> Pieces(string path, int length = 1 << 20)
    {
        using StreamReader reader = Open(path);
        char[] buffer = new char[length];
        for (string rest = ""; ;)
        {
            int count = Told(path, () => reader.ReadBlock(buffer));
            string text = string.Concat(rest, buffer.AsSpan(0, count));
            bool isLast = count < length;
            int end = isLast ? text.Length : LastWordEnd(text, rest.Length);
            if (end > 0) yield return text[..end];
            if (isLast) yield break;
            rest = text[end..];
        }
    }

    /// <summary>Lines as editors count them: a line ends at a line feed, with or without a carriage return before it.</summary>
    public static string[] Lines(string text)
    {
        string[] lines = text.Split('\n');
        return [.. (lines[^1].Length == 0 ? lines[..^1] : lines).Select(line => line.EndsWith('\r') ? line[..^1] : line)];
    }

    /// <summary>
    /// Where the last word ends that a blank and another word follow; 0 if none does. What was looked at before has no such place.
    /// </summary>
    private static int LastWordEnd(string text, int seen)
    {
        for (int i = text.Length - 2; i >= Math.Max(1, seen - 1); i--)
            if (text[i] == ' ' && char.IsAsciiLetter(text[i - 1]) && char.IsAsciiLetter(text[i + 1])) return i;
        return 0;
    }

    private static StreamReader Open(string path)
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);
        if (path == StandardInput) return new StreamReader(Cli.StandardInput.Open(), utf8, detectEncodingFromByteOrderMarks: false);
        if (Directory.Exists(path)) throw new InputException($"{path}: expected a text file, got a folder.");
        if (!File.Exists(path)) throw new InputException($"{path}: the file does not exist.");
        return Told(path, () => new StreamReader(path, utf8, detectEncodingFromByteOrderMarks: false));
    }

    private static T Told<T>(string file, Func<T> read)
    {
        string path = file == StandardInput ? "standard input" : file;
        try
        {
            return read();
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: not valid UTF-8.", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }
}

using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Text that a user names.</summary>
internal static class TextFile
{
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    /// <summary>All of a file as UTF-8, without the mark that some editors put before it.</summary>
    /// <exception cref="InputException">It cannot be read, or is not UTF-8.</exception>
    public static string Read(string path)
    {
        if (Directory.Exists(path)) throw new InputException($"{path}: expected a text file, got a folder.");
        if (!File.Exists(path)) throw new InputException($"{path}: the file does not exist.");
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.AsSpan().StartsWith(Mark) ? bytes.AsSpan(Mark.Length) : bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: not valid UTF-8.", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", null, e);
        }
    }

    /// <summary>Lines as editors count them: a line ends at a line feed, with or without a carriage return before it.</summary>
    public static string[] Lines(string text)
    {
        string[] lines = text.Split('\n');
        return [.. (lines[^1].Length == 0 ? lines[..^1] : lines).Select(line => line.EndsWith('\r') ? line[..^1] : line)];
    }
}

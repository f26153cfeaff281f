using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>Reads files that stand beside the weights: all at once, but not whatever size they claim.</summary>
internal static class SmallFile
{
    // The largest published vocabularies are a few MiB; a file far beyond that is something else.
    private const long MaxBytes = 64L << 20;

    /// <summary>All bytes of a file, without a byte order mark.</summary>
    /// <param name="path">The file.</param>
    /// <param name="hint">What the user should know if it is missing or something else.</param>
    /// <exception cref="InputException">The file is missing, cannot be read, or has more than 64 MiB.</exception>
    public static byte[] Read(string path, string hint)
    {
        try
        {
            long length = FileLength.Of(path);
            if (length > MaxBytes)
                throw new InputException($"{path}: {length} bytes, expected at most {MaxBytes}.", hint);
            byte[] bytes = File.ReadAllBytes(path);
            return bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        }
        catch (Exception e) when ((e is FileNotFoundException or DirectoryNotFoundException) && !Directory.Exists(path))
        {
            throw new InputException($"{path}: no such file.", hint, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", hint, e);
        }
    }
}

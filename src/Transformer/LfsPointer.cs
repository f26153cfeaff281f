using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// Git clones large files as a few lines of text unless it is set up for them: the commonest of failed downloads, of weights and
/// tokenizers alike.
/// </summary>
internal static class LfsPointer
{
    private const int MaxLength = 1024; // bytes, as Git LFS defines it

    private static ReadOnlySpan<byte> Start => "version https://git-lfs"u8;

    /// <summary>Refuses a pointer where weights should be; a file that cannot be read is left to whoever opens it next.</summary>
    /// <exception cref="InputException">The file is a pointer.</exception>
    public static void RefuseForWeights(string path)
    {
        Span<byte> start = stackalloc byte[Start.Length];
        try
        {
            if (FileLength.Of(path) is 0 or > MaxLength) return; // 0 is a pipe's too, and opening one would wait for its writer
            using FileStream file = File.OpenRead(path);
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }

        Refuse(path, start, "weights that it stands for");
    }

    /// <summary>Refuses a pointer by what a file begins with.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="bytes">What it begins with, or all of it.</param>
    /// <param name="expected">What should be there.</param>
    /// <exception cref="InputException">The file is a pointer.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> bytes, string expected = "file that it stands for")
    {
        if (bytes.Length <= MaxLength && bytes.StartsWith(Start))
            throw new InputException(
                $"{path}: is a Git LFS pointer, expected the {expected}.",
                "run 'git lfs pull' in that folder, or download the file itself.");
    }
}

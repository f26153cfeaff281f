namespace Sharpformer.Tensors;

/// <summary>How long a file is, without opening it.</summary>
public static class FileLength
{
    /// <summary>
    /// Length in bytes of a file, or of the one that a link leads to: the cache of a model hub is made of links, and the
    /// length of a link is that of its text. A pipe has none, and is not waited for.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">There is no such file, or links lead nowhere.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be looked at.</exception>
    public static long Of(string path)
    {
        var file = new FileInfo(path);
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target ? target.Length : file.Length;
        }
        catch (IOException e) when (FileErrors.HasNoNumber(e))
        {
            throw FileErrors.Numbered(e, unix: 40, windows: 1921);
        }
    }
}

using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>Reads files that stand beside the weights: all at once, but not whatever size they claim.</summary>
internal static class SmallFile
{
    // The largest published vocabularies are a few MiB; a file far beyond that is something else.
    private const long MaxBytes = 64L << 20;

    /// <summary>What a file is in which <see cref="Read"/> finds nothing.</summary>
    public const string NoFile = "is empty, or no file but a pipe or a device";

    /// <summary>All bytes of a file, without a byte order mark.</summary>
    /// <param name="path">The file.</param>
    /// <param name="hint">What the user should know if it is missing or something else.</param>
    /// <returns>Nothing for what has no length: an empty file, a pipe, a device.</returns>
    /// <exception cref="InputException">The file is missing, cannot be read, has more than 64 MiB, or is a Git LFS pointer.</exception>
    public static byte[] Read(string path, string hint)
    {
        byte[] bytes = ReadWhole(path, hint);
        return bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
    }

    /// <summary>Copies a file of a model folder that somebody else made, byte by byte; see <see cref="ReadOwn"/>.</summary>
    /// <param name="source">The model folder.</param>
    /// <param name="name">The file in it.</param>
    /// <param name="target">The folder to copy into.</param>
    /// <exception cref="InputException">It cannot be read, is no file, has more than 64 MiB, or is a link that leads out.</exception>
    public static void Copy(string source, string name, string target) =>
        File.WriteAllBytes(Path.Combine(target, name), ReadOwn(source, name));

    /// <summary>
    /// All bytes of a file of a model folder that shall be passed on. A link is followed where it stays at home: in the folder, or in the
    /// cache of a model hub, which keeps each file once and links to it from <c>snapshots</c>. Where else it leads may be nobody's to
    /// pass on.
    /// </summary>
    /// <exception cref="InputException">It cannot be read, is no file, has more than 64 MiB, or is a link that leads out.</exception>
    public static byte[] ReadOwn(string source, string name)
    {
        string path = Path.Combine(source, name);
        if (LinkOutOf(Path.GetFullPath(source), path) is { } outside)
            throw new InputException(
                $"{path}: is a link to {Quoted.Text(outside)}, outside of its folder, and is not copied.", "put the file itself there.");
        byte[] bytes = ReadWhole(path, "it belongs to a model folder.");
        return bytes.Length > 0
            ? bytes : throw new InputException($"{path}: {NoFile}, expected a file.", "remove it or put the right one there.");
    }

    private static byte[] ReadWhole(string path, string hint)
    {
        try
        {
            if (Directory.Exists(path)) throw new InputException($"{path}: cannot be read (a folder, expected a file).", hint);
            // Asked before it is opened: a pipe would wait for its writer, and /dev/zero never ends. Neither has a length.
            long length = FileLength.Of(path);
            if (length == 0) return [];
            if (length > MaxBytes)
                throw new InputException($"{path}: {length} bytes, expected at most {MaxBytes}.", hint);
            byte[] bytes = File.ReadAllBytes(path);
            LfsPointer.Refuse(path, bytes);
            return bytes;
        }
        catch (Exception e) when ((e is FileNotFoundException or DirectoryNotFoundException) && !Directory.Exists(path))
        {
            throw new InputException($"{path}: no such file.", hint, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", hint, e);
        }
    }

    /// <summary>Where a link leads that leaves its folder, by itself or through a folder that is a link; null for all else.</summary>
    private static string? LinkOutOf(string folder, string path)
    {
        if (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is not { } target) return null;
        string home = Path.TrimEndingDirectorySeparator(folder), at = Path.GetFullPath(target.FullName);
        if (Path.GetDirectoryName(home) is { } snapshots && Path.GetFileName(snapshots) == "snapshots"
            && Path.GetDirectoryName(snapshots) is { } cache && Path.GetDirectoryName(at) == Path.Combine(cache, "blobs"))
            return null;
        for (string? above = Path.GetDirectoryName(at); above is not null; above = Path.GetDirectoryName(above))
        {
            if (above == home) return null;
            if (Directory.ResolveLinkTarget(above, returnFinalTarget: false) is not null) break;
        }

        return at;
    }
}

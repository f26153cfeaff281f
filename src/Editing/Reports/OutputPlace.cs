using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Reports;

/// <summary>Where a file that is to be written really lies, and whether that is a file at all.</summary>
internal static class OutputPlace
{
    private const int MostLinks = 40;

    /// <summary>The path without links, in it or at its end; nothing need be there.</summary>
    /// <exception cref="InputException">Links lead in a circle.</exception>
    public static string Real(string path)
    {
        string full = Path.GetFullPath(path), at = Path.GetPathRoot(full) ?? "";
        var rest = new Stack<string>(Parts(full[at.Length..]));
        for (int links = 0; rest.TryPop(out string? part);)
        {
            string next = Path.GetFullPath(Path.Combine(at, part)); // a link's own ".." counts from where the link lies
            string? target = IsSystems(next) ? null : new FileInfo(next).LinkTarget;
            if (target is null)
            {
                at = next;
                continue;
            }

            if (++links > MostLinks) throw new InputException($"{path}: links lead in a circle, expected a file.");
            string root = Path.GetPathRoot(target) ?? "";
            if (root.Length > 0) at = root;
            foreach (string piece in Parts(target[root.Length..])) rest.Push(piece);
        }

        return at;

        static IEnumerable<string> Parts(string relative) => relative
            .Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse();
    }

    /// <summary>
    /// What stands there, opened to be written into, where it is no file that another one can take the place of: a device, a pipe, what the
    /// process has open. Null where it is a file, or nothing. A pipe is waited for until somebody reads it.
    /// </summary>
    /// <param name="real">The path without links.</param>
    public static Stream? Through(string real)
    {
        // Devices and pipes have no length. Only opening a file with nothing in it tells that it is one.
        if (real == "/proc/self/fd/1") return Console.OpenStandardOutput(); // a second opening would write over what a command says
        if (!File.Exists(real) || (!IsSystems(real) && StoreFile.HasContent(real))) return null;
        var stream = new FileStream(real, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        if (!stream.CanSeek || IsSystems(real)) return stream;
        stream.Dispose(); // a file with nothing in it
        return null;
    }

    /// <summary>Whether it is an SQLite database, as edit stores are, or belongs to one.</summary>
    /// <param name="real">The path without links.</param>
    public static bool IsDatabase(string real) => !IsSystems(real)
        && Array.Exists(["", "-wal", "-shm", "-journal"], end =>
            real.EndsWith(end, StringComparison.Ordinal) && StoreFile.HasMark(real[..^end.Length]));

    private static bool IsSystems(string path) => path.StartsWith("/proc/", StringComparison.Ordinal)
        || (path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal)
            && new FileInfo(path).LinkTarget is null);
}

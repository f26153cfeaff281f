using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>What can be told of a store's file before SQLite reads it, and of the one that SQLite has open.</summary>
internal static class StoreFile
{
    private const int HeaderBytes = 100, Looks = 10, HasMoved = 20; // the last is SQLITE_FCNTL_HAS_MOVED
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    /// <summary>The name of the file's log, which lies beside the file itself and not beside a link to it.</summary>
    public static string Log(string file) => file + "-wal";

    /// <summary>The file that a path means, links followed; it need not exist.</summary>
    /// <exception cref="InputException">Links that lead nowhere.</exception>
    public static string Real(string path)
    {
        try
        {
            string full = Path.GetFullPath(path); // a relative link is resolved from its own folder only so
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (IOException) when (!File.Exists(path))
        {
            if (new FileInfo(path).LinkTarget is not null)
                throw new InputException($"Edit store '{path}' is a link that leads nowhere.", "check what it points to.");
            return Path.GetFullPath(path);
        }
    }

    /// <summary>Refuses a file that is not as long as it says, or that a rollback journal lies beside.</summary>
    /// <param name="file">The file itself.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">It is cut off, or has something behind its end.</exception>
    public static void RequireWhole(string file, string path)
    {
        string? misfit = Misfit(file);
        for (int look = 1; misfit is not null && look < Looks; look++) // a log may just now be merged into it by another process
        {
            Thread.Sleep(BetweenLooks);
            misfit = Misfit(file);
        }

        if (misfit is not null) throw new InputException($"Edit store '{path}' is damaged: {misfit}.", EditRow.Tampered);
    }

    /// <summary>The schema version that a file's header says (SQLite's user_version).</summary>
    public static int SchemaVersion(string path)
    {
        using FileStream stream = Open(path);
        var header = new byte[HeaderBytes];
        stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        return BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(60));
    }

    /// <summary>What is wrong with a file's length; null for nothing, or where only its log can tell.</summary>
    public static string? Misfit(string file)
    {
        try
        {
            using FileStream stream = Open(file);
            if (stream.Length == 0 || HasContent(Log(file))) return null;
            if (HasContent(file + "-journal")) return "a rollback journal lies beside it, which no Sharpformer leaves there";
            var header = new byte[HeaderBytes];
            int read = stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
            int mark = Math.Min(read, 16);
            if (!header.AsSpan(0, mark).SequenceEqual("SQLite format 3\0"u8[..mark])) return null; // SQLite tells
            if (read < HeaderBytes) return $"it is cut off after {read} bytes";
            (int pageSize, uint pages) = Size(header);
            long expected = pages * (long)pageSize;
            return stream.Length == expected ? null
                : stream.Length < expected ? $"it is cut off, {expected - stream.Length} of its {expected} bytes are missing"
                : $"{stream.Length - expected} bytes lie behind its end";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // SQLite tells
        }
    }

    /// <summary>Bytes of a page and how many pages there are, as a header says.</summary>
    public static (int PageSize, uint Pages) Size(ReadOnlySpan<byte> header)
    {
        int size = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        return (size == 1 ? 65536 : size, BinaryPrimitives.ReadUInt32BigEndian(header[28..]));
    }

    /// <summary>Whether a file is there and not empty.</summary>
    public static bool HasContent(string file) => new FileInfo(file) is { Exists: true, Length: > 0 };

    /// <summary>Whether a file begins as every SQLite database does; false where it cannot be read.</summary>
    public static bool HasMark(string file)
    {
        if (!HasContent(file)) return false; // a pipe would be waited for
        try
        {
            ReadOnlySpan<byte> mark = "SQLite format 3\0"u8;
            Span<byte> start = stackalloc byte[mark.Length];
            using FileStream stream = Open(file);
            return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == mark.Length && start.SequenceEqual(mark);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Opens a file for reading while others may change it.</summary>
    public static FileStream Open(string file) =>
        new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>
    /// Gives a file another name unless something has that: then false. File.Move looks first and renames then, and in between another
    /// process can take the name; so a second name is made, which fails where it is taken, and the first one is deleted.
    /// </summary>
    /// <exception cref="IOException">It cannot be done.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be done.</exception>
    public static bool TryRename(string from, string to)
    {
        if (!OperatingSystem.IsWindows() && Link(from, to) == 0)
        {
            File.Delete(from);
            return true;
        }

        if (File.Exists(to)) return false;
        File.Move(from, to, overwrite: false); // Windows looks and renames at once; elsewhere there are file systems without links
        return true;
    }

    /// <summary>
    /// Whether the path of a connection's file leads to another file by now, or to none. What is written then is lost. Always false
    /// where an open file cannot be replaced.
    /// </summary>
    public static bool IsMoved(SqliteConnection connection) =>
        connection.Handle is { } handle && FileControl(handle.DangerousGetHandle(), "main", HasMoved, out int moved) == 0 && moved != 0;

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_file_control", ExactSpelling = true, CharSet = CharSet.Ansi, BestFitMapping = false,
        ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int FileControl(IntPtr database, string name, int operation, out int result);

    [DllImport("libc", EntryPoint = "link", ExactSpelling = true, CharSet = CharSet.Ansi, BestFitMapping = false,
        ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(string from, string to);
}

using System.Runtime.InteropServices;

namespace Sharpformer.Editing;

/// <summary>By what a file that was read before is known again, without reading it.</summary>
/// <param name="Path">Where it lies, links followed.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Modified">When it was last written, UTC; programs can set that back.</param>
/// <param name="Inode">Its number in the file system; 0 where that is not told, as on Windows and macOS.</param>
/// <param name="Changed">
/// When its bytes or names last changed, in 100 ns since 1970; no program can set that. 0 where it is not told, as
/// <paramref name="Inode"/>.
/// </param>
internal readonly record struct FileStamp(string Path, long Length, DateTime Modified, ulong Inode, long Changed)
{
    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint InodeAndChanged = 0x180; // STATX_INO | STATX_CTIME

    /// <summary>The stamp of a file.</summary>
    /// <exception cref="IOException">There is none, or it cannot be looked at.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be looked at.</exception>
    public static FileStamp Of(string path)
    {
        var file = new FileInfo(path);
        if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
        (ulong inode, long changed) = Numbers(file.FullName);
        return new FileStamp(file.FullName, file.Length, file.LastWriteTimeUtc, inode, changed);
    }

    private static (ulong Inode, long Changed) Numbers(string path)
    {
        if (!OperatingSystem.IsLinux()) return default;
        try
        {
            return Statx(CurrentFolder, path, 0, InodeAndChanged, out StatxBuffer found) == 0
                && (found.Mask & InodeAndChanged) == InodeAndChanged
                ? (found.Inode, (found.ChangedSeconds * TimeSpan.TicksPerSecond) + (found.ChangedNanoseconds / TimeSpan.NanosecondsPerTick))
                : default;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return default; // a libc older than 2018
        }
    }

    [DllImport("libc", EntryPoint = "statx", ExactSpelling = true, CharSet = CharSet.Ansi, BestFitMapping = false,
        ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, string path, int flags, uint mask, out StatxBuffer found);

    // struct statx, the same on all architectures; what is not asked for is left out.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct StatxBuffer
    {
        [FieldOffset(0)]
        public readonly uint Mask;
        [FieldOffset(32)]
        public readonly ulong Inode;
        [FieldOffset(96)]
        public readonly long ChangedSeconds;
        [FieldOffset(104)]
        public readonly uint ChangedNanoseconds;
    }
}

using System.Runtime.InteropServices;

namespace Sharpformer.Tensors;

/// <summary>
/// What Linux is told about memory that will be used soon. It costs a fault to touch a page of 4 KB for the first time, which for
/// hundreds of megabytes takes longer than computing with them. Advice may be ignored, and elsewhere there is none.
/// </summary>
internal static unsafe class MemoryAdvice
{
    /// <summary>A huge page of x86-64, and of ARM64 with small pages of 4 KB.</summary>
    public const uint HugePage = 2 << 20;

    private const int UseHugePages = 14, MapPages = 22;

    /// <summary>Asks for huge pages behind memory that has not been touched: 512 faults become one.</summary>
    /// <param name="start">First byte, at the beginning of a huge page.</param>
    /// <param name="length">Bytes, in whole huge pages.</param>
    public static void PreferHugePages(byte* start, nuint length) => Advise(start, length, UseHugePages);

    /// <summary>Maps all pages of a mapped file's part at once, for reading (Linux 5.14 or later).</summary>
    /// <param name="start">First byte.</param>
    /// <param name="length">Bytes.</param>
    public static void MapForReading(byte* start, long length)
    {
        nuint before = (nuint)start % (nuint)Environment.SystemPageSize;
        Advise(start - before, (nuint)length + before, MapPages);
    }

    private static void Advise(byte* start, nuint length, int advice)
    {
        if (OperatingSystem.IsLinux()) _ = Advise((nint)start, length, advice);
    }

    [DllImport("libc", EntryPoint = "madvise", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(nint start, nuint length, int advice);
}

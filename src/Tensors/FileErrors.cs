using System.Text;

namespace Sharpformer.Tensors;

/// <summary>
/// Why a file could not be read or written, in this program's words: the system's own differ, and name files that nobody asked for.
/// </summary>
public static class FileErrors
{
    /// <summary>The reason, to be put in brackets or behind a colon.</summary>
    /// <param name="error">What the file system or a decoder said.</param>
    public static string Reason(Exception error) => error switch
    {
        DecoderFallbackException => "it is no valid UTF-8 text",
        UnauthorizedAccessException => "permission is denied",
        PathTooLongException => "the name is too long",
        FileNotFoundException or DirectoryNotFoundException => "there is no such file or folder",
        ArgumentException or NotSupportedException => "that is no path of a file",
        IOException => OperatingSystem.IsWindows() ? OnWindows(error.HResult & 0xFFFF) : OnUnix(error.HResult),
        _ => Number(error.HResult),
    };

    /// <summary>Whether .NET tells this in a sentence only: its number is the same for all such errors.</summary>
    internal static bool HasNoNumber(IOException error) => error.HResult == unchecked((int)0x80131620); // COR_E_IO

    /// <summary>Such an error with the number that the system has for it.</summary>
    /// <param name="error">What .NET said.</param>
    /// <param name="unix">The number on Linux and macOS.</param>
    /// <param name="windows">The number on Windows.</param>
    internal static IOException Numbered(IOException error, int unix, int windows) =>
        new(error.Message, error) { HResult = OperatingSystem.IsWindows() ? windows : unix };

    private static string OnUnix(int errno) => errno switch
    {
        5 => "the disk does not work as it should",
        11 or 35 => "another process uses it",
        17 => "it is there already",
        23 or 24 => "too many files are open",
        27 => "the file would be too large",
        28 => "the disk is full",
        30 => "the file system is read-only",
        40 or 62 => "links lead round in a circle",
        36 or 63 => "the name is too long",
        69 or 122 => "the disk quota is used up",
        _ => Number(errno),
    };

    private static string OnWindows(int code) => code switch
    {
        19 => "the disk is read-only",
        23 or 1117 => "the disk does not work as it should",
        32 or 33 => "another process uses it",
        223 => "the file would be too large",
        39 or 112 => "the disk is full",
        80 or 183 => "it is there already",
        1921 => "links lead round in a circle",
        206 => "the name is too long",
        _ => Number(code),
    };

    private static string Number(int code) => FormattableString.Invariant($"the system's error {code}");
}

using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>What is typed or piped into this program.</summary>
internal static class StandardInput
{
    /// <summary>Opens it.</summary>
    /// <exception cref="InputException">It is closed.</exception>
    public static Stream Open() => IsClosed()
        ? throw new InputException("Standard input is closed, expected text.", "name a file, or pipe the text into this program.")
        : Console.OpenStandardInput();

    /// <summary>
    /// Whether the process was started without. The runtime's first pipe then gets the number 0, and reading would wait for ever: of a
    /// pipe that this process may also write into, the end never comes. Only Linux tells.
    /// </summary>
    private static bool IsClosed()
    {
        const string Mine = "/proc/self/fd", Facts = "/proc/self/fdinfo";
        try
        {
            if (!Directory.Exists(Mine) || LinkOf("0") is not { } pipe || !pipe.StartsWith("pipe:", StringComparison.Ordinal)) return false;
            return Directory.EnumerateFileSystemEntries(Mine).Select(path => Path.GetFileName(path)!)
                .Any(number => number is not ("0" or "1" or "2") && LinkOf(number) == pipe && IsWritten(number));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // nothing is known
        }

        static string? LinkOf(string number) => new FileInfo($"{Mine}/{number}").LinkTarget;

        // "flags:\t02000001", in octal; the last digit is 0 for reading, 1 for writing, 2 for both
        static bool IsWritten(string number) => File.Exists($"{Facts}/{number}") && File.ReadLines($"{Facts}/{number}")
            .Any(line => line.StartsWith("flags:", StringComparison.Ordinal) && line[^1] is '1' or '2');
    }
}

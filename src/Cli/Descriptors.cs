using Microsoft.Win32.SafeHandles;

namespace Sharpformer.Cli;

/// <summary>
/// Whether the process may open as many files as it needs. The runtime opens one for each assembly when its first type is met, so that
/// too few end in whatever happened to come next, the writing of the error message included.
/// </summary>
internal static class Descriptors
{
    /// <summary>Files that are opened after the program has begun: assemblies, the store, its journal, the model.</summary>
    private const int Needed = 160;

    /// <summary>What is said where they are not; said before there are too few even for that.</summary>
    public static string Message =>
        $"This program may open too few files, it needs {Needed} beside those of the runtime. "
        + "Hint: raise the limit, for example by 'ulimit -n 1024'.";

    /// <summary>Whether there are enough.</summary>
    public static bool AreEnough()
    {
        if (OperatingSystem.IsWindows()) return true; // has no such limit
        var opened = new List<SafeFileHandle>(Needed);
        try
        {
            while (opened.Count < Needed) opened.Add(File.OpenHandle("/dev/null"));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            opened.ForEach(handle => handle.Dispose());
        }
    }
}

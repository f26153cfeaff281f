using System.Diagnostics;

namespace Sharpformer.Experiments.Points;

/// <summary>The most memory that this process has held since some moment, where the system can tell (Linux).</summary>
internal static class PeakMemory
{
    // proc_pid_clear_refs(5): 5 resets the peak resident set.
    private const string Switch = "/proc/self/clear_refs", ResetPeak = "5";

    /// <summary>Begins anew.</summary>
    /// <returns>Whether the system can.</returns>
    public static bool Restart()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            File.WriteAllText(Switch, ResetPeak);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // a sandbox may forbid it
        }
    }

    /// <summary>Bytes.</summary>
    public static double Bytes()
    {
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }
}

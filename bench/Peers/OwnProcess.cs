using System.Diagnostics;
using System.Globalization;

namespace Sharpformer.Peers;

/// <summary>This program as the system sees it (Linux).</summary>
internal static class OwnProcess
{
    /// <summary>Runs the program once more, as it was started, with other arguments.</summary>
    /// <returns>The number it prints last, and the seconds it took from start to end.</returns>
    public static (double Told, double Seconds) Again(params string[] arguments)
    {
        string[] line = File.ReadAllText("/proc/self/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        int program = Array.FindIndex(line, part => part.EndsWith("peers.dll", StringComparison.Ordinal));
        var start = new ProcessStartInfo(line[0], [.. line[1..(program + 1)], .. arguments]) { RedirectStandardOutput = true };
        string told = "";
        double seconds = Alternation.Seconds(() =>
        {
            using Process process = Process.Start(start)!;
            told = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', arguments)}: exit code {process.ExitCode}.");
        });
        return (double.Parse(told.Trim().Split('\n')[^1], CultureInfo.InvariantCulture), seconds);
    }

    /// <summary>
    /// The most memory there ever was that no file backs: mapped weights, libraries and the runtime, of which the system can take
    /// pages away at any time, only come, so what there is of them now was the most.
    /// </summary>
    public static long PeakBytes() => PeakResidentBytes() - Status("RssFile:");

    /// <summary>The most memory there ever was, mapped files included.</summary>
    public static long PeakResidentBytes() => Status("VmHWM:");

    private static long Status(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line[field.Length..^2], CultureInfo.InvariantCulture);
    }
}

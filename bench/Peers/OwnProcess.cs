using System.Diagnostics;
using System.Globalization;

namespace Sharpformer.Peers;

/// <summary>Programs that are started for a row, each of which prints a number last (Linux).</summary>
internal static class OwnProcess
{
    /// <summary>Runs this program once more, as it was started, with other arguments.</summary>
    /// <returns>The number it prints last, and the seconds it took from start to end.</returns>
    public static (double Told, double Seconds) Again(params string[] arguments)
    {
        string[] line = File.ReadAllText("/proc/self/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        int program = Array.FindIndex(line, part => part.EndsWith("peers.dll", StringComparison.Ordinal));
        return Run(line[0], [.. line[1..(program + 1)], .. arguments]);
    }

    /// <summary>Runs a program.</summary>
    /// <returns>The number it prints last, and the seconds it took from start to end.</returns>
    public static (double Told, double Seconds) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
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
}

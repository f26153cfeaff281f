using System.Runtime.InteropServices;
using Sharpformer.Editing;
using Sharpformer.Experiments.Points;

namespace Sharpformer.Experiments.Running;

/// <summary>What machine this is.</summary>
internal static class Machine
{
    private const string CpuInfo = "/proc/cpuinfo", ModelName = "model name";

    /// <summary>With what a session computes.</summary>
    public static PointMachine Of(Session session) => new(
        EditAuthor.Current.Version, Processor(), RuntimeInformation.OSDescription, session.Accelerator ?? "CPU", session.Threads ?? 0);

    private static string Processor()
    {
        string? line = null;
        try
        {
            if (OperatingSystem.IsLinux())
                line = File.ReadLines(CpuInfo).FirstOrDefault(one => one.StartsWith(ModelName, StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A sandbox may hide it.
        }

        return line is null
            ? $"{RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors"
            : $"{line[(line.IndexOf(':') + 1)..].Trim()}, {Environment.ProcessorCount} processors";
    }
}

using System.Globalization;

namespace Sharpformer.Peers;

/// <summary>This process's memory as the system sees it (Linux).</summary>
internal static class ProcessMemory
{
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

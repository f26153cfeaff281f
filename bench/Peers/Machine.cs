using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Sharpformer.Peers;

/// <summary>What the figures were measured on (Linux).</summary>
/// <param name="Processor">Its name.</param>
/// <param name="Cores">How many of them this process may use.</param>
/// <param name="VectorBits">The widest vectors that the runtime uses.</param>
/// <param name="MemoryGB">Gigabytes.</param>
/// <param name="System">Operating system.</param>
/// <param name="Runtime">.NET.</param>
internal sealed record Machine(string Processor, int Cores, int VectorBits, double MemoryGB, string System, string Runtime)
{
    /// <summary>This one.</summary>
    public static Machine Here()
    {
        string processor =
            File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) ?? "?";
        int bits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        double memory = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * 1e-9, 1);
        return new Machine(
            processor[(processor.IndexOf(':') + 1)..].Trim(), Environment.ProcessorCount, bits, memory, RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription);
    }

    /// <summary>How many threads wanted a core over the last minute, on average: before this program runs, those of others.</summary>
    public static double Load() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>The version of a package that this program was built with.</summary>
    public static string Package(string name)
    {
        using JsonDocument built = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "peers.deps.json")));
        return built.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/'))
            .First(library => library[0] == name)[1];
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture, $"{Processor}, {Cores} cores, {VectorBits}-bit vectors, {MemoryGB} GB, {System}, {Runtime}");
}

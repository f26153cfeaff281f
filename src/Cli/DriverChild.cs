using System.Diagnostics;
using System.Reflection;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Cli;

/// <summary>This program as the child that asks a driver, see <see cref="DriverProbe"/>.</summary>
internal static class DriverChild
{
    /// <summary>What a child is told before the kind of driver; no command, as it must start fast and is nobody else's business.</summary>
    private const string Word = "ask-driver";

    /// <summary>What the drivers of this machine say. Where this program is a guest in another they are asked in that process.</summary>
    public static IReadOnlyList<AcceleratorInfo> List()
    {
        var program = typeof(DriverChild).Assembly;
        string host = Environment.ProcessPath ?? "";
        bool byDotnet = Path.GetFileNameWithoutExtension(host) == "dotnet";
        string[] self = byDotnet ? [host, Path.Combine(AppContext.BaseDirectory, program.GetName().Name + ".dll")]
            : Assembly.GetEntryAssembly() == program ? [host]
            : [];
        return self is [var file, .. var first]
            ? DriverProbe.List(kind => new ProcessStartInfo(file, [.. first, Word, kind]))
            : Accelerators.List();
    }

    /// <summary>Whether this is such a child; then it has answered.</summary>
    public static bool Answered(string[] args, TextWriter output)
    {
        if (args is not [Word, var kind]) return false;
        DriverProbe.Answer(kind, output);
        return true;
    }
}

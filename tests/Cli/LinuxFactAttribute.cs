namespace Sharpformer.Tests.Cli;

/// <summary>Skipped, with the reason, where shells, limits, pipes and devices are not as they are on Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "This is Linux' own: limits, pipes and devices by name.";
}

namespace Sharpformer.Tests;

/// <summary>Skipped, with the reason, where shells, limits, pipes, devices and files in use are not as they are on Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux()
        ? null
        : "This is Linux' own: limits, pipes, devices by name, files that are written while they are mapped.";
}

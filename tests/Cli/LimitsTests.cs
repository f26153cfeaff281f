using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Cli;

/// <summary>What the system does not give is told in a sentence.</summary>
public sealed class LimitsTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [LinuxTheory]
    [InlineData(64)]
    [InlineData(56)]
    [InlineData(48)]
    public void Too_few_descriptors_are_told_before_anything_is_done(int descriptors)
    {
        using var process = CliProcess.Start(Add(), limits: $"ulimit -n {descriptors}");
        process.Finish().AssertFailed("may open too few files, it needs 160", "ulimit -n 1024");
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [LinuxFact]
    public void As_many_as_are_asked_for_are_enough()
    {
        using var process = CliProcess.Start([.. Add(), "--traces", folder.File("traces")], limits: "ulimit -n 190");
        CliRun run = process.Finish();
        Assert.True(run.ExitCode == 0, run.Error);
    }

    [LinuxFact]
    public void Too_little_memory_is_told()
    {
        using var process = CliProcess.Start(
            [.. Add()[..^4], "--input", TestFiles.Facts("zsre"), "--limit", "300"],
            limits: "ulimit -d 120000"); // within a narrow band below, at which .NET itself cannot go on and ends the process
        CliRun run = process.Finish();
        Assert.Equal(1, run.ExitCode);
        string last = run.Error.TrimEnd('\n').Split('\n')[^1];
        Assert.StartsWith("error: ", last, StringComparison.Ordinal);
        Assert.Contains("allow more, or do less at a time", last, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", run.Error, StringComparison.Ordinal);
    }

    private string[] Add() =>
    [
        "edits", "add", "--model", TestFiles.Model, "--edits", folder.File("e.db"), "--device", Accelerators.Cpu, "--alpha", "1",
        "--irr-weight", "0", "--prompt", "Ann works as", "--target", "painter",
    ];

    private static string? Missing => OperatingSystem.IsLinux() ? null : "Limits are set as a shell on Linux sets them.";

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class LinuxTheoryAttribute : TheoryAttribute
    {
        public LinuxTheoryAttribute() => Skip = Missing;
    }
}

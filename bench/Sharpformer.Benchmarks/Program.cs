using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Sharpformer.Benchmarks;

/// <summary>
/// Runs the benchmarks that the command line names, or asks which: <c>--filter '*Gemm*'</c>, <c>--list flat</c>, <c>--help</c>.
/// </summary>
internal static class Program
{
    // In this process: a project that is generated elsewhere would not find the repository's build settings.
    public static void Main(string[] args) => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly)
        .Run(args, ManualConfig.Create(DefaultConfig.Instance)
            .WithArtifactsPath(Path.Combine("artifacts", "benchmarks"))
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance)));
}

using System.Diagnostics;

namespace Sharpformer.Tests.Tensors;

/// <summary>
/// The matrix product on processors that lack instructions: its other tests run again in a process that is told so,
/// because the runtime decides once per process.
/// </summary>
public sealed class GemmInstructionSetsTests
{
    /// <summary>Set in the processes started here, which must not start others.</summary>
    private const string Inner = "SHARPFORMER_TESTS_INNER";

    [Theory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task Products_are_right_without(string instructions)
    {
        if (Environment.GetEnvironmentVariable(Inner) is not null) return;
        const string Filter =
            "FullyQualifiedName~GemmTests|FullyQualifiedName~WideningTests"
            + "|(FullyQualifiedName~GemmBitsTests.Rows&DisplayName~cpu-1-thread)";
        string assembly = typeof(GemmInstructionSetsTests).Assembly.Location;
        string host = Environment.ProcessPath!;
        var start = new ProcessStartInfo(host.EndsWith("dotnet", StringComparison.Ordinal) ? host : "dotnet")
        {
            ArgumentList = { "vstest", assembly, $"--TestCaseFilter:{Filter}" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[instructions] = "0";
        start.Environment[Inner] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{instructions}=0:\n{output}\n{await errors}");
        Assert.Contains("Passed: ", output, StringComparison.Ordinal);
    }
}

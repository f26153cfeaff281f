using System.Text.Json;
using Sharpformer.Cli;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Cli;

/// <summary>One run of the program, in this process.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    // What these tests expect was computed by the CPU; a GPU rounds differently.
    static CliRun() => Environment.SetEnvironmentVariable(
        DeviceOptions.DefaultVariable, Environment.GetEnvironmentVariable(DeviceOptions.DefaultVariable) ?? Accelerators.Cpu);

    /// <summary>Runs the program with these arguments.</summary>
    public static CliRun Of(params string[] args)
    {
        using StringWriter output = new(), error = new();
        int code = Program.Run(args, output, error);
        return new CliRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs it with <c>--json</c>; it must succeed and print one document and a line end.</summary>
    public static JsonElement Json(params string[] args)
    {
        CliRun run = Of([.. args, "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Document();
    }

    /// <summary>A document as text, without what it says of its own run: settings that are not to change it may differ there.</summary>
    public static string Result(JsonElement document) => string.Join(
        '\n', document.EnumerateObject().Where(property => property.Name != "run").Select(property => property.ToString()));

    /// <summary>Standard output as the one JSON document it must be.</summary>
    public JsonElement Document()
    {
        Assert.EndsWith("\n", Out, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(Out);
        return document.RootElement.Clone();
    }

    /// <summary>The run must have failed with one line on standard error, and nothing else but its document on standard output.</summary>
    public void AssertFailed(params string[] said)
    {
        Assert.True(ExitCode == 1, Error);
        if (Out.Length > 0) Assert.Equal(1, Document().GetProperty("error").GetProperty("exitCode").GetInt32());
        string line = Assert.Single(Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        foreach (string part in said) Assert.Contains(part, line, StringComparison.Ordinal);
    }
}

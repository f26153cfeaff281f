using System.Reflection;
using Xunit.Sdk;

namespace Sharpformer.Tests.Cli;

/// <summary>
/// The name of a signal and the exit code that it leads to, behind what else a test gets; skipped, with the reason, where the signal
/// cannot be sent or would not be heard.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class SignalDataAttribute : DataAttribute
{
    private readonly object[] data;

    public SignalDataAttribute(string signal, int exitCode, params string[] others)
    {
        data = [signal, exitCode, .. others];
        if (OperatingSystem.IsWindows()) Skip = "Windows has no signals to send.";
        else if (signal == "INT" && CliProcess.IgnoresInterrupts())
            Skip = "The tests were started in a shell's background: nothing there hears Ctrl-C.";
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [data];
}

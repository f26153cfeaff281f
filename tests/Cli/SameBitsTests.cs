using System.Diagnostics;

namespace Sharpformer.Tests.Cli;

/// <summary>What the program says and stores does not depend on when its code was compiled, to the last byte.</summary>
public sealed class SameBitsTests
{
    [SlowFact("It publishes the program in three ways, one of which takes a C compiler.")]
    public void The_jit_ReadyToRun_and_native_AOT_say_and_store_the_same()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        var start = new ProcessStartInfo("/bin/bash", [TestFiles.Script("same-bits.sh"), folder.File("programs")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process script = Process.Start(start)!;
        Task<string> errors = script.StandardError.ReadToEndAsync();
        string said = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        Assert.True(script.ExitCode == 0, $"{said}{errors.Result}");
    }
}

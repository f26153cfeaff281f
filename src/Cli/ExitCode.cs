using System.Runtime.InteropServices;

namespace Sharpformer.Cli;

/// <summary>What the program's exit codes mean.</summary>
internal static class ExitCode
{
    /// <summary>It did what was asked.</summary>
    public const int Done = 0;

    /// <summary>It could not.</summary>
    public const int Failed = 1;

    /// <summary>It was asked wrongly.</summary>
    public const int WrongUsage = 2;

    /// <summary>It ran, and what was asked to hold does not.</summary>
    public const int NotHeld = 3;

    /// <summary>Somebody stopped it: 130 after Ctrl-C, 143 after a request to terminate, which is 128 and the signal's number.</summary>
    public static int Interrupted => Interruption.Received == PosixSignal.SIGTERM ? 143 : 130;
}

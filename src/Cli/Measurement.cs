using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Runs a measurement: long, interruptible, its progress told.</summary>
internal static class Measurement
{
    /// <summary>Measures.</summary>
    /// <param name="terminal">Where to report progress.</param>
    /// <param name="measure">The measurement.</param>
    /// <exception cref="InputException">It was interrupted; a part of a measurement means nothing.</exception>
    public static T Run<T>(Terminal terminal, Func<IProgress<Step>, CancellationToken, T> measure)
    {
        using var interruption = new Interruption();
        try
        {
            return ProgressReport.Run(terminal, progress => measure(progress, interruption.Token));
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException("Interrupted: nothing was measured.") { Kind = ErrorKind.Interrupted };
        }
    }
}

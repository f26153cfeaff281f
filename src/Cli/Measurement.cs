using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Runs a measurement: long, interruptible, its progress told.</summary>
internal static class Measurement
{
    /// <summary>Measures.</summary>
    /// <param name="terminal">Where to report progress.</param>
    /// <param name="what">What is being done, for example "Asking".</param>
    /// <param name="units">What is counted, in the plural.</param>
    /// <param name="measure">Calls its first argument with units done and units in all.</param>
    /// <exception cref="InputException">It was interrupted; a part of a measurement means nothing.</exception>
    public static T Run<T>(Terminal terminal, string what, string units, Func<Action<int, int>, CancellationToken, T> measure)
    {
        using var interruption = new Interruption();
        T? result = default;
        try
        {
            ProgressReport.Run(terminal, what, units, report => result = measure(report, interruption.Token));
            return result!;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException("Interrupted: nothing was measured.");
        }
    }
}

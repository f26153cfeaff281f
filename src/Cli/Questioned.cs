using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Runs a measurement: long, interruptible, its progress counted in questions.</summary>
internal static class Questioned
{
    /// <summary>Measures.</summary>
    /// <param name="terminal">Where to report progress.</param>
    /// <param name="measure">Calls its first argument with questions done and questions in all.</param>
    /// <exception cref="InputException">It was interrupted; a part of a measurement means nothing.</exception>
    public static T Run<T>(Terminal terminal, Func<Action<int, int>, CancellationToken, T> measure)
    {
        using var interruption = new Interruption();
        T? result = default;
        try
        {
            ProgressReport.Run(terminal, "Asking", "questions", report => result = measure(report, interruption.Token));
            return result!;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException("Interrupted: nothing was measured.");
        }
    }
}

using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Writes a folder of weights: long, interruptible, its progress told in millions of something.</summary>
internal static class Writing
{
    /// <summary>Writes.</summary>
    /// <param name="terminal">Where to report progress.</param>
    /// <param name="millionsOf">What is counted, in the plural, for example "MB".</param>
    /// <param name="write">Calls its first argument with how many of how many are done; leaves nothing behind if cancelled.</param>
    /// <exception cref="InputException">It was interrupted.</exception>
    public static T Run<T>(Terminal terminal, string millionsOf, Func<Action<long, long>, CancellationToken, T> write)
    {
        using var interruption = new Interruption();
        try
        {
            // One step more than there are: the last is the folder's taking its name.
            return ProgressReport.Run(terminal, progress =>
            {
                long steps = 1;
                T written = write((made, all) => Report(Millions(made), steps = Millions(all) + 1), interruption.Token);
                Report(steps, steps);
                return written;

                void Report(long done, long total) => progress.Report(new Step("Writing", millionsOf, done, total));
            });
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException("Interrupted: nothing was written.") { Kind = ErrorKind.Interrupted };
        }
    }

    private static long Millions(long count) => count / 1_000_000;
}

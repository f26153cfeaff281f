namespace Sharpformer.Cli;

/// <summary>Writes a folder of weights: long, interruptible, its progress told in millions of something.</summary>
internal static class Writing
{
    /// <summary>Writes, or says that it was interrupted.</summary>
    /// <param name="terminal">Where to report progress.</param>
    /// <param name="millionsOf">What is counted, in the plural, for example "MB".</param>
    /// <param name="write">Calls its first argument with how many of how many are done; leaves nothing behind if cancelled.</param>
    /// <param name="result">What it gave.</param>
    /// <returns>Whether it came to its end.</returns>
    public static bool TryRun<T>(Terminal terminal, string millionsOf, Func<Action<long, long>, CancellationToken, T> write, out T? result)
    {
        using var interruption = new Interruption();
        T? written = default;
        try
        {
            // One step more than there are: the last is the folder's taking its name.
            ProgressReport.Run(terminal, "Writing", millionsOf, report =>
            {
                int steps = 1;
                written = write((made, all) => report(Millions(made), steps = Millions(all) + 1), interruption.Token);
                report(steps, steps);
            });
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            terminal.Note("Interrupted: nothing was written.");
            result = default;
            return false;
        }

        result = written;
        return true;
    }

    private static int Millions(long count) => checked((int)(count / 1_000_000));
}

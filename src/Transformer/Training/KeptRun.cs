using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>What is said of a run that ends before its time: what of it is kept, where, and how it goes on.</summary>
internal static class KeptRun
{
    private const string GoesOn = "the same command with --resume goes on.";

    /// <summary>Does a run whose checkpoints are kept.</summary>
    /// <param name="output">What the run is going to write.</param>
    /// <param name="checkpoint">Where it is kept until then.</param>
    /// <param name="run">The run.</param>
    /// <param name="cancellation">What stops it.</param>
    /// <exception cref="InputException">It was stopped or failed.</exception>
    public static T Execute<T>(string output, TrainingCheckpoint checkpoint, Func<T> run, CancellationToken cancellation)
    {
        try
        {
            return run();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (!checkpoint.Holds) throw new InputException("Interrupted: nothing was learnt.") { Kind = ErrorKind.Interrupted };
            throw new InputException($"Interrupted: {Kept()}.", GoesOn) { Kind = ErrorKind.Interrupted };
        }
        catch (InputException e) when (checkpoint.KeptStep is not null)
        {
            string hint = Trainer.IsDiverged(e)
                ? $"{e.Hint} The same settings lead there again: begin anew with others, without that folder."
                : e.Hint is null ? GoesOn : $"{e.Hint} Then {GoesOn}";
            throw new InputException($"{e.Sentence} But {Kept()}, with the log.", hint, e) { Kind = e.Kind };
        }

        string Kept()
        {
            string steps = checkpoint.KeptStep is { } step ? $" in {Counted(step, "step")}" : "";
            return $"what was learnt{steps} is kept in {TrainingCheckpoint.FolderOf(output)}";
        }
    }

    /// <summary>A number of things, in words.</summary>
    public static string Counted(long count, string noun) =>
        FormattableString.Invariant($"{count:N0} {noun}{(count == 1 ? "" : "s")}");
}

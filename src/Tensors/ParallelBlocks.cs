using System.Runtime.ExceptionServices;

namespace Sharpformer.Tensors;

/// <summary>Work on parts of something that do not depend on one another, by all processors.</summary>
internal static class ParallelBlocks
{
    /// <summary>Runs <paramref name="block"/> for 0 to <paramref name="count"/> - 1, in any order.</summary>
    /// <exception cref="InputException">A block threw one.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Run(int count, Action<int> block, CancellationToken cancellation = default)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, block);
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } told)
        {
            ExceptionDispatchInfo.Throw(told); // a number that the type cannot hold, for example
        }
    }
}

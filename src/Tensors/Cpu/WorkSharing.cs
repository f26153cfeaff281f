using System.Runtime.ExceptionServices;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Runs numbered tasks on a fixed number of threads. Tasks must not depend on which thread runs them or when, so
/// that results are the same on any machine.
/// </summary>
internal sealed class WorkSharing(int threads)
{
    private readonly ParallelOptions options = new() { MaxDegreeOfParallelism = threads };

    public int Threads => threads;

    /// <summary>Runs <paramref name="task"/> for 0 … <paramref name="tasks"/>-1 and returns when all are done.</summary>
    public void Run(int tasks, Action<int> task)
    {
        int workers = Math.Min(threads, tasks);
        if (workers <= 1)
        {
            for (int t = 0; t < tasks; t++) task(t);
            return;
        }

        // Threads draw the next task from a counter: one that the system slows down just takes fewer.
        int next = -1;
        try
        {
            Parallel.For(0, workers, options, _ =>
            {
                for (int t = Interlocked.Increment(ref next); t < tasks; t = Interlocked.Increment(ref next)) task(t);
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    /// <summary>
    /// Runs <paramref name="part"/>(start, end) over parts of 0 … <paramref name="count"/>, in one piece when there
    /// are fewer than two times <paramref name="grain"/> items, which would not pay for waking a thread.
    /// </summary>
    public void Split(long count, long grain, Action<long, long> part)
    {
        if (count < 2 * grain || threads == 1)
        {
            part(0, count);
            return;
        }

        // Four parts per thread even out the load; more would only cost counting.
        long length = Math.Max(grain, (count + 4 * threads - 1) / (4 * threads));
        Run((int)((count + length - 1) / length), t => part(t * length, Math.Min(count, (t + 1) * length)));
    }
}

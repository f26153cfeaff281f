using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Runs numbered tasks on a fixed team of threads: the caller and its helpers. Tasks must not depend on which thread
/// runs them or when, so that results are the same on any machine.
/// <para>
/// The engine shares out thousands of pieces of work a second, some of them 50 µs long, which is what waking a pool
/// thread costs. So a helper that has run out of work looks out for more for a moment before it goes to sleep.
/// </para>
/// </summary>
internal sealed class WorkSharing(int threads) : IDisposable
{
    /// <summary>How long a helper looks out for work before it sleeps: about what waking it would cost.</summary>
    private static readonly long LookOut = Stopwatch.Frequency / 20_000;

    private readonly SemaphoreSlim wakeUp = new(0);
    private Thread[]? helpers;
    private Job? current;
    private int sleeping;
    private volatile bool disposed;

    public int Threads => threads;

    /// <summary>Runs <paramref name="task"/> for 0 … <paramref name="tasks"/>-1 and returns when all are done.</summary>
    public void Run(int tasks, Action<int> task)
    {
        if (Math.Min(threads, tasks) <= 1)
        {
            for (int t = 0; t < tasks; t++) task(t);
            return;
        }

        helpers ??= [.. Enumerable.Range(1, threads - 1).Select(_ => Start())];
        var job = new Job(tasks, task);
        Interlocked.Exchange(ref current, job); // a full fence: whoever sleeps from here on has seen the job
        if (Volatile.Read(ref sleeping) > 0) wakeUp.Release(Math.Min(tasks, threads) - 1);
        job.Work();
        job.Wait();
        Volatile.Write(ref current, null);
        job.ThrowIfFailed();
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

    /// <summary>Sends the helpers home.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        wakeUp.Release(threads);
    }

    private Thread Start()
    {
        var helper = new Thread(Help) { IsBackground = true, Name = "Sharpformer" };
        helper.Start();
        return helper;
    }

    private void Help()
    {
        Job? done = null;
        while (!disposed)
        {
            Job? job = LookOutFor(done);
            if (job is null)
            {
                Interlocked.Increment(ref sleeping);
                if (Volatile.Read(ref current) is null) wakeUp.Wait();
                Interlocked.Decrement(ref sleeping);
                continue;
            }

            job.Work();
            done = job;
        }
    }

    /// <summary>The next job, or null when none came for a while.</summary>
    private Job? LookOutFor(Job? done)
    {
        long until = Stopwatch.GetTimestamp() + LookOut;
        do
        {
            if (Volatile.Read(ref current) is { } job && job != done) return job;
            Thread.SpinWait(20);
        }
        while (Stopwatch.GetTimestamp() < until);
        return null;
    }

    /// <summary>One call of <see cref="Run"/>. Threads draw the next task from a counter: a slow one just takes fewer.</summary>
    private sealed class Job(int tasks, Action<int> task)
    {
        private int drawn, finished;
        private Exception? failure;

        public void Work()
        {
            for (int t = Interlocked.Increment(ref drawn) - 1; t < tasks; t = Interlocked.Increment(ref drawn) - 1)
            {
                try
                {
                    if (failure is null) task(t);
                }
                catch (Exception e)
                {
                    failure ??= e;
                }

                Interlocked.Increment(ref finished);
            }
        }

        public void Wait()
        {
            var spin = default(SpinWait);
            while (Volatile.Read(ref finished) < tasks) spin.SpinOnce(sleep1Threshold: -1);
        }

        public void ThrowIfFailed()
        {
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        }
    }
}

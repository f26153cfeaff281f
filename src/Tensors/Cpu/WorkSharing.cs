using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Work on the items <c>start</c> … <c>end</c>-1 of some range. A struct, so that handing it out allocates nothing: it
/// stays on the caller's stack, where the helpers find it.
/// </summary>
internal interface IRangeTask
{
    void Run(long start, long end);
}

/// <summary>
/// Shares ranges of work between a fixed team of threads: the caller and its helpers. Tasks must not depend on which
/// thread runs them or when, so that results are the same on any machine.
/// <para>
/// The engine shares out thousands of pieces of work a second, some of them 50 µs long, which is what waking a pool
/// thread costs. So a helper that has run out of work looks out for more for a moment before it goes to sleep, and a
/// call allocates nothing: there is one record of the current job, which every call fills anew.
/// </para>
/// <para>
/// A helper may read that record, and the caller's stack through it, only while it is counted in: it enters by adding
/// itself to <see cref="state"/> while the same job is still open, and the caller closes the job and waits for the last
/// helper to leave before it returns. A helper that comes late finds another generation and stays out.
/// </para>
/// </summary>
internal sealed unsafe class WorkSharing(int threads) : IDisposable
{
    /// <summary>How long a helper looks out for work before it sleeps: about what waking it would cost.</summary>
    private static readonly long LookOut = Stopwatch.Frequency / 20_000;

    /// <summary>Parts of <see cref="state"/>: helpers inside, whether more may enter, and the job's number from there on.</summary>
    private const long Inside = 0xFFFF, Open = 0x10000, Generation = 0x20000;

    private readonly SemaphoreSlim wakeUp = new(0);
    private Thread[]? helpers;
    private long state;
    private int busy, sleeping;
    private volatile bool disposed;

    // The current job. Threads draw its next piece from a counter: a slow one just takes fewer.
    private void* task;
    private delegate*<void*, long, long, void> run;
    private long count, length, drawn;
    private Exception? failure;

    public int Threads => threads;

    /// <summary>Runs <paramref name="task"/> for 0 … <paramref name="tasks"/>-1 and returns when all are done.</summary>
    public void Run(int tasks, Action<int> task) => Run(tasks, new EachOf(task));

    /// <summary>Runs <paramref name="task"/>(t, t + 1) for 0 … <paramref name="tasks"/>-1 and returns when all are done.</summary>
    public void Run<TTask>(int tasks, TTask task) where TTask : struct, IRangeTask => Share(tasks, 1, ref task);

    /// <summary>Runs <paramref name="part"/>(start, end) on parts of 0 … <paramref name="count"/>-1, as the other form does.</summary>
    public void Split(long count, long grain, Action<long, long> part) => Split(count, grain, new PartOf(part));

    /// <summary>
    /// Runs <paramref name="task"/> on parts of 0 … <paramref name="count"/>-1, in one piece when there are fewer than
    /// two times <paramref name="grain"/> items, which would not pay for waking a thread.
    /// </summary>
    public void Split<TTask>(long count, long grain, TTask task) where TTask : struct, IRangeTask
    {
        if (count < 2 * grain || threads == 1)
        {
            task.Run(0, count);
            return;
        }

        // Four parts per thread even out the load; more would only cost counting.
        Share(count, Math.Max(grain, (count + 4 * threads - 1) / (4 * threads)), ref task);
    }

    /// <summary>Sends the helpers home.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        wakeUp.Release(threads);
    }

    /// <param name="count">Items.</param>
    /// <param name="length">Items of one piece.</param>
    /// <param name="task">A variable on the caller's stack, which the collector does not move.</param>
    private void Share<TTask>(long count, long length, ref TTask task) where TTask : struct, IRangeTask
    {
        long pieces = (count + length - 1) / length;

        // A task that itself shares out work finds the team busy, and runs it alone.
        if (Math.Min(threads, pieces) <= 1 || Interlocked.Exchange(ref busy, 1) != 0)
        {
            for (long start = 0; start < count; start += length) task.Run(start, Math.Min(count, start + length));
            return;
        }

        helpers ??= [.. Enumerable.Range(1, threads - 1).Select(_ => Start())];
        this.task = Unsafe.AsPointer(ref task);
        run = &Invoke<TTask>;
        (this.count, this.length, drawn, failure) = (count, length, 0, null);
        Interlocked.Exchange(ref state, state + Generation + Open); // a full fence: whoever falls asleep from here on has seen the job
        int idle = Volatile.Read(ref sleeping);
        if (idle > 0) wakeUp.Release((int)Math.Min(idle, pieces - 1));
        Work();

        Interlocked.And(ref state, ~Open);
        var spin = default(SpinWait);
        while ((Volatile.Read(ref state) & Inside) != 0) spin.SpinOnce(sleep1Threshold: -1);
        Exception? failed = failure;
        Volatile.Write(ref busy, 0);
        if (failed is not null) ExceptionDispatchInfo.Throw(failed);
    }

    private static void Invoke<TTask>(void* task, long start, long end) where TTask : struct, IRangeTask =>
        Unsafe.AsRef<TTask>(task).Run(start, end);

    /// <summary>Takes pieces of the current job until none is left.</summary>
    private void Work()
    {
        for (long start = NextPiece(); start < count; start = NextPiece())
        {
            try
            {
                if (failure is null) run(task, start, Math.Min(count, start + length));
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
        }

        long NextPiece() => (Interlocked.Increment(ref drawn) - 1) * length;
    }

    private Thread Start()
    {
        var helper = new Thread(Help) { IsBackground = true, Name = "Sharpformer" };
        helper.Start();
        return helper;
    }

    private void Help()
    {
        long done = 0;
        while (!disposed)
        {
            if (LookOutFor(ref done))
            {
                Work();
                Interlocked.Decrement(ref state);
                continue;
            }

            Interlocked.Increment(ref sleeping);
            if (!IsNew(Volatile.Read(ref state), done)) wakeUp.Wait();
            Interlocked.Decrement(ref sleeping);
        }
    }

    /// <summary>Enters the next job; false when none came for a while.</summary>
    private bool LookOutFor(ref long done)
    {
        long until = Stopwatch.GetTimestamp() + LookOut;
        do
        {
            long seen = Volatile.Read(ref state);
            if (IsNew(seen, done) && Interlocked.CompareExchange(ref state, seen + 1, seen) == seen)
            {
                done = seen / Generation;
                return true;
            }

            Thread.SpinWait(20);
        }
        while (Stopwatch.GetTimestamp() < until);
        return false;
    }

    /// <summary>Whether a state is an open job, and another one than the last this helper worked on.</summary>
    private static bool IsNew(long state, long done) => (state & Open) != 0 && state / Generation != done;

    private readonly struct EachOf(Action<int> task) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long t = start; t < end; t++) task((int)t);
        }
    }

    private readonly struct PartOf(Action<long, long> part) : IRangeTask
    {
        public void Run(long start, long end) => part(start, end);
    }
}

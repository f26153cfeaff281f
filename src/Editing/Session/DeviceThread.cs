using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer;

/// <summary>
/// One thread that owns a device: whoever wants something computed puts it in the queue and waits. So calls from several threads are
/// safe, and each computes as if it were alone.
/// </summary>
public sealed class DeviceThread : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    /// <summary>Starts the thread; it ends with <see cref="Dispose"/>, or with the process.</summary>
    public DeviceThread()
    {
        thread = new Thread(() =>
        {
            foreach (Action next in work.GetConsumingEnumerable()) next();
        })
        {
            IsBackground = true,
            Name = "Sharpformer device queue",
        };
        thread.Start();
    }

    /// <summary>Computes something, after all that was asked for before; what is asked from within is computed at once.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public T Run<T>(Func<T> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (Thread.CurrentThread == thread) return compute();
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        using var done = new ManualResetEventSlim();
        try
        {
            work.Add(() =>
            {
                try
                {
                    result = compute();
                }
                catch (Exception e)
                {
                    failure = ExceptionDispatchInfo.Capture(GpuDevice.Told(e) ?? e); // thrown where somebody waits for it
                }

                done.Set();
            });
        }
        catch (InvalidOperationException) // closed for more
        {
            throw new ObjectDisposedException(nameof(Session));
        }

        done.Wait();
        failure?.Throw();
        return result!;
    }

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action compute) => Run(() =>
    {
        compute();
        return true;
    });

    /// <summary>Finishes what is in the queue and ends the thread.</summary>
    public void Dispose()
    {
        if (work.IsAddingCompleted) return;
        work.CompleteAdding();
        if (Thread.CurrentThread != thread) thread.Join();
        work.Dispose();
    }
}

using System.Runtime.InteropServices;

namespace Sharpformer.Cli;

/// <summary>
/// Turns Ctrl-C and a request to terminate into a wish to stop, so that work in hand ends cleanly. Another one, later than a moment
/// after, ends the process at once, as it would without this.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM];
    // What signals a process and its group, as timeout(1) does, signals it twice.
    private static readonly TimeSpan Same = TimeSpan.FromSeconds(1);

    private static int listening;

    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;
    private readonly TimeProvider time;
    private long firstAt;

    /// <summary>Listens until disposed.</summary>
    /// <param name="time">Tells what is the same signal again; null for the system's clock.</param>
    public Interruption(TimeProvider? time = null)
    {
        this.time = time ?? TimeProvider.System;
        Interlocked.Increment(ref listening);
        registrations = [.. Signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>The signal that came last; see <see cref="ExitCode.Interrupted"/>.</summary>
    public static PosixSignal? Received { get; private set; }

    /// <summary>Cancelled once somebody wants to stop.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>
    /// Says that the process was interrupted where nothing listens, and so nothing is left half done: the signal then ends it as usual.
    /// </summary>
    /// <param name="error">Where to say it.</param>
    /// <returns>To be kept alive as long as that is wanted.</returns>
    public static IReadOnlyList<IDisposable> TellOtherwise(TextWriter error) => [.. Signals.Select(signal =>
        PosixSignalRegistration.Create(signal, _ =>
        {
            if (Volatile.Read(ref listening) == 0) error.WriteLine("Interrupted.");
        }))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations) registration.Dispose();
        Interlocked.Decrement(ref listening);
        source.Dispose();
    }

    /// <summary>What is done about a signal.</summary>
    internal void Handle(PosixSignalContext context)
    {
        if (!source.IsCancellationRequested)
        {
            firstAt = time.GetTimestamp();
            Received = context.Signal;
            context.Cancel = true;
            source.Cancel();
        }
        else if (time.GetElapsedTime(firstAt) < Same)
        {
            context.Cancel = true;
        }
        else
        {
            Console.Error.WriteLine("Interrupted at once, without waiting for what is in hand.");
        }
    }
}

using System.Runtime.InteropServices;

namespace Sharpformer.Cli;

/// <summary>
/// Turns Ctrl-C and a request to terminate into a wish to stop, so that work in hand ends cleanly. A second one ends
/// the process at once, as it would without this.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM];
    private static int listening;

    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;

    /// <summary>Listens until disposed.</summary>
    public Interruption()
    {
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

    private void Handle(PosixSignalContext context)
    {
        if (source.IsCancellationRequested) return;
        Received = context.Signal;
        context.Cancel = true;
        source.Cancel();
    }
}

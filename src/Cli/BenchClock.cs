using System.Diagnostics;

namespace Sharpformer.Cli;

/// <summary>What one repeated piece of work took: medians over its runs.</summary>
/// <param name="Seconds">Wall-clock time of a run.</param>
/// <param name="CpuSeconds">Processor time of a run, over all threads.</param>
/// <param name="Runs">How many runs that is the median of.</param>
internal sealed record BenchTime(double Seconds, double CpuSeconds, int Runs);

/// <summary>Times work: once to warm up, then again and again until there are enough runs or enough time has passed.</summary>
/// <param name="repetitions">Runs that are enough.</param>
/// <param name="seconds">Time that is enough. Work whose first run takes longer is not repeated, and that run counts.</param>
/// <param name="cancellation">Checked before each run.</param>
internal sealed class BenchClock(int repetitions, double seconds, CancellationToken cancellation)
{
    private readonly Process process = Process.GetCurrentProcess();

    /// <summary>Ends the measurement early.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Times some work.</summary>
    /// <param name="work">The work.</param>
    /// <param name="prepare">Done before each run and not timed.</param>
    public BenchTime Time(Action work, Action? prepare = null) => Time([(work, prepare)])[0];

    /// <summary>Times several pieces of work in turn, so that what disturbs one of them disturbs them all.</summary>
    public BenchTime[] Time(params IReadOnlyList<(Action Work, Action? Prepare)> pieces)
    {
        long start = Stopwatch.GetTimestamp();
        BenchTime[] warmUp = RunAll();
        var runs = new List<BenchTime[]>();
        while (runs.Count < repetitions && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds) runs.Add(RunAll());
        if (runs.Count == 0) runs.Add(warmUp);
        return [.. pieces.Select((_, i) => new BenchTime(
            Median(runs.Select(r => r[i].Seconds)), Median(runs.Select(r => r[i].CpuSeconds)), runs.Count))];

        BenchTime[] RunAll() => [.. pieces.Select(piece => Run(piece.Work, piece.Prepare))];
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private BenchTime Run(Action work, Action? prepare)
    {
        cancellation.ThrowIfCancellationRequested();
        prepare?.Invoke();
        process.Refresh();
        TimeSpan cpu = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        work();
        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        return new BenchTime(elapsed, (process.TotalProcessorTime - cpu).TotalSeconds, 1);
    }
}

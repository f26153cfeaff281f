using System.Diagnostics;

namespace Sharpformer.Peers;

/// <summary>One line of the comparison.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Unit">What is counted in a second.</param>
/// <param name="Ours">Units a second, from the median time of the engine.</param>
/// <param name="Peer">Units a second, from the median time of the other side.</param>
/// <param name="Ratio">The other side's time to ours, median over the pairs: above 1 the engine is faster.</param>
/// <param name="OursMilliseconds">Median time of one run; null where no time is measured.</param>
/// <param name="PeerMilliseconds">Median time of one run.</param>
/// <param name="PeerName">Who the other side is.</param>
internal sealed record Row(
    string Work, string Unit, double Ours, double? Peer, double? Ratio,
    double? OursMilliseconds, double? PeerMilliseconds, string PeerName = "libtorch");

/// <summary>
/// Times two ways of doing the same in turn: on a machine that is shared with others, what disturbs one run disturbs its
/// neighbour too, so the ratio of a pair says more than either time.
/// </summary>
/// <param name="pairs">How many pairs count.</param>
internal sealed class Alternation(int pairs)
{
    private const double WarmUpSeconds = 0.5, SampleSeconds = 0.02;
    private const int WarmUpRuns = 40, LongestWarmUpSeconds = 4;

    /// <summary>Times two actions.</summary>
    /// <param name="work">What they do.</param>
    /// <param name="unit">What is counted.</param>
    /// <param name="units">How many of it one run does.</param>
    /// <param name="ours">The engine's way.</param>
    /// <param name="peer">The other way.</param>
    /// <param name="peerName">Whose.</param>
    public Row Time(string work, string unit, double units, Action ours, Action peer, string peerName = "libtorch")
    {
        double slower = Math.Max(WarmUp(ours), WarmUp(peer));
        int runs = Math.Max(1, (int)Math.Ceiling(SampleSeconds / slower));
        return TimeSamples(work, unit, units, () => Sample(ours, runs), () => Sample(peer, runs), peerName);
    }

    /// <summary>The same with samples that time themselves, because they have to prepare something first.</summary>
    public Row TimeSamples(string work, string unit, double units, Func<double> ours, Func<double> peer, string peerName = "libtorch")
    {
        double[] our = new double[pairs], their = new double[pairs];
        for (int i = 0; i < pairs; i++)
        {
            // Both teams of threads look out for work for a moment before they sleep.
            Thread.Sleep(5);
            our[i] = ours();
            Thread.Sleep(5);
            their[i] = peer();
        }

        double ratio = Median([.. their.Zip(our, (t, o) => t / o)]), median = Median(our), peerMedian = Median(their);
        var row = new Row(work, unit, units / median, units / peerMedian, ratio, median * 1e3, peerMedian * 1e3, peerName);
        Console.WriteLine(Report.Line(row));
        return row;
    }

    /// <summary>Seconds that an action takes.</summary>
    public static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double Sample(Action action, int runs) => Seconds(() =>
    {
        for (int i = 0; i < runs; i++) action();
    }) / runs;

    /// <summary>Often enough for the just-in-time compiler to be through; the fastest run.</summary>
    private static double WarmUp(Action action)
    {
        double fastest = double.MaxValue;
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; ; run++)
        {
            double passed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (passed > LongestWarmUpSeconds || (run >= WarmUpRuns && passed > WarmUpSeconds)) return fastest;
            fastest = Math.Min(fastest, Seconds(action));
        }
    }
}

using System.Diagnostics;

namespace Sharpformer.Peers;

/// <summary>A way of doing a row's work.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Sample">Does it; seconds that one run took.</param>
/// <param name="Goal">What the ratio of its time to ours shall reach; null for nothing.</param>
/// <param name="Agreement">How near its results are to ours.</param>
/// <param name="Bytes">What a run reads from memory; 0 where that limits nothing.</param>
internal sealed record Way(string Name, Func<double> Sample, double? Goal = null, Agreement? Agreement = null, double Bytes = 0);

/// <summary>
/// Times ways of doing the same in turn: on a machine that is shared with others, what disturbs one run disturbs its
/// neighbour too, so the ratio of a pair says more than either time.
/// </summary>
/// <param name="pairs">How many pairs count.</param>
/// <param name="longest">Seconds after which a row ends with fewer pairs.</param>
/// <param name="plainRead">Seconds that reading a byte takes, sampled in the same rounds as ways that say what they read.</param>
internal sealed class Alternation(int pairs, double longest, Func<double> plainRead)
{
    private const double WarmUpSeconds = 0.5, SampleSeconds = 0.02;
    private const int WarmUpRuns = 40, LongestWarmUpSeconds = 2, FewestPairs = 3;

    /// <summary>Times two actions.</summary>
    /// <param name="work">What they do.</param>
    /// <param name="unit">What is counted.</param>
    /// <param name="units">How many of it one run does.</param>
    /// <param name="ours">The engine's way.</param>
    /// <param name="peer">The other way.</param>
    /// <param name="goal">What the ratio shall reach; null for nothing.</param>
    /// <param name="peerName">Whose the other way is.</param>
    public Row Time(string work, string unit, double units, Action ours, Action peer, double? goal, string peerName = "libtorch")
    {
        double slower = Math.Max(WarmUp(ours), WarmUp(peer));
        int runs = Math.Max(1, (int)Math.Ceiling(SampleSeconds / slower));
        var our = new Way("ours", () => Sample(ours, runs));
        return Time(work, unit, units, our, new Way(peerName, () => Sample(peer, runs), goal)).Single();
    }

    /// <summary>The same with ways that time themselves, because they have to prepare something first; they come warmed up.</summary>
    /// <param name="work">What they do.</param>
    /// <param name="unit">What is counted.</param>
    /// <param name="units">How many of it one run does.</param>
    /// <param name="ours">The engine's way.</param>
    /// <param name="peers">The others, each with a row.</param>
    public Row[] Time(string work, string unit, double units, Way ours, params Way[] peers)
    {
        var our = new List<double>();
        var plain = new List<double>();
        List<double>[] their = [.. peers.Select(_ => new List<double>())];
        long start = Stopwatch.GetTimestamp();
        while (our.Count < pairs && (our.Count < FewestPairs || Stopwatch.GetElapsedTime(start).TotalSeconds < longest))
        {
            our.Add(Settled(ours.Sample));
            for (int p = 0; p < peers.Length; p++) their[p].Add(Settled(peers[p].Sample));
            if (ours.Bytes > 0) plain.Add(Settled(plainRead));
        }

        return [.. peers.Select((peer, p) => Told(Of(peer, [.. their[p]])))];

        Row Of(Way peer, double[] times)
        {
            double median = Median([.. our]), theirMedian = Median(times);
            double ratio = Median([.. times.Zip(our, (t, o) => t / o)]);
            return new Row(work, unit, units / median, units / theirMedian, ratio, median * 1e3, theirMedian * 1e3, peer.Name)
            {
                Goal = peer.Goal,
                Pairs = our.Count,
                Agreement = peer.Agreement,
                Reading = ours.Bytes == 0 ? null : new Reading(
                    ours.Bytes / median * 1e-9, peer.Bytes / theirMedian * 1e-9, 1e-9 / Median([.. plain]),
                    ours.Bytes * Median([.. plain.Zip(our, (p, o) => p / o)]), peer.Bytes * Median([.. plain.Zip(times, (p, t) => p / t)])),
            };
        }
    }

    /// <summary>Prints a row once it is there.</summary>
    public static Row Told(Row row)
    {
        Console.WriteLine(Report.Line(row));
        return row;
    }

    /// <summary>
    /// A sample taken once nothing else of this process works: every side's threads look out for work for a while before they sleep.
    /// </summary>
    public static double Settled(Func<double> sample)
    {
        const int StepMilliseconds = 5, MostSteps = 40;
        TimeSpan quiet = TimeSpan.FromMilliseconds(0.5);
        for (int step = 0; step < MostSteps; step++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            Thread.Sleep(StepMilliseconds);
            if (Environment.CpuUsage.TotalTime - before < quiet) break;
        }

        return sample();
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

    /// <summary>Often enough for the just-in-time compiler to be through; the fastest run.</summary>
    public static double WarmUp(Action action)
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

    private static double Sample(Action action, int runs) => Seconds(() =>
    {
        for (int i = 0; i < runs; i++) action();
    }) / runs;
}

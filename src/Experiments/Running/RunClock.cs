using System.Diagnostics;
using System.Globalization;
using Sharpformer.Experiments.Points;

namespace Sharpformer.Experiments.Running;

/// <summary>
/// How long a run still takes: what points of the same method took for each edit so far, and of all methods where none of its own is done
/// yet.
/// </summary>
/// <param name="points">All points of the run, in order.</param>
internal sealed class RunClock(IReadOnlyList<PlannedPoint> points)
{
    private readonly Dictionary<string, (double Seconds, double Edits)> taken = [];
    private long last = Stopwatch.GetTimestamp();

    /// <summary>Notes that a point is done, as long after the one before as it took.</summary>
    public void IsDone(PlannedPoint point)
    {
        double seconds = Stopwatch.GetElapsedTime(last).TotalSeconds;
        last = Stopwatch.GetTimestamp();
        (double before, double edits) = taken.GetValueOrDefault(point.Point.Method);
        taken[point.Point.Method] = (before + seconds, edits + point.Point.Count);
    }

    /// <summary>The time left for all points from a number on; null before any is done.</summary>
    public string? Left(int from)
    {
        if (taken.Count == 0) return null;
        double ofAll = taken.Values.Sum(one => one.Seconds) / taken.Values.Sum(one => one.Edits);
        double seconds = points.Skip(from).Sum(point => point.Point.Count
            * (taken.TryGetValue(point.Point.Method, out (double Seconds, double Edits) own) ? own.Seconds / own.Edits : ofAll));
        seconds = Math.Max(0, seconds - Stopwatch.GetElapsedTime(last).TotalSeconds);
        return Text(TimeSpan.FromSeconds(seconds));
    }

    private static string Text(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(time.TotalHours):0} h {time.Minutes:00} min")
        : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalMinutes):0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalSeconds):0} s");
}

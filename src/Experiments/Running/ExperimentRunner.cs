using System.Diagnostics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Running;

/// <summary>What a run did.</summary>
/// <param name="Points">All points of the plan, or of the run's share.</param>
/// <param name="Present">How many were done before.</param>
/// <param name="Done">How many it did.</param>
/// <param name="Failed">Those that failed, and why.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="IsAnother">Whether the folder had another plan of the same name, which is no longer part of its report.</param>
public sealed record RunReport(
    int Points, int Present, int Done, IReadOnlyList<(PlannedPoint Point, string Why)> Failed, double Seconds, bool IsAnother);

/// <summary>
/// Runs the points of a plan that are not done yet. Each is written when it is done; one that fails is kept with its reason, and the rest
/// go on.
/// </summary>
/// <param name="results">Where results are.</param>
/// <param name="open">Opens a model.</param>
/// <param name="places">Where points find what else they need.</param>
public sealed class ExperimentRunner(ResultFolder results, Func<string, Session> open, PointPlaces places)
{
    /// <summary>Runs what is missing.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="points">Its points.</param>
    /// <param name="data">Its data, by name.</param>
    /// <param name="share">Which of how many shares is run, from 1; null runs all.</param>
    /// <param name="progress">Told how many points are done, and how the one in hand goes.</param>
    /// <param name="cancellation">Stops; what is done stays.</param>
    /// <exception cref="InputException">Results cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public RunReport Run(
        ExperimentPlan plan, IReadOnlyList<PlannedPoint> points, IReadOnlyList<DataSet> data, (int Number, int Of)? share = null,
        IProgress<Step>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(data);
        long start = Stopwatch.GetTimestamp();
        results.Create();
        bool isAnother = !results.Keep(plan, points);
        PlannedPoint[] own = [.. Share(points, share)];
        PlannedPoint[] missing = [.. own.Where(point => !results.Has(point.Point.Key))];
        var failed = new List<(PlannedPoint, string)>();
        var clock = new RunClock(missing);
        int tried = 0;
        foreach (IGrouping<string, PlannedPoint> ofModel in missing.GroupBy(point => point.Folder))
        {
            using Session session = open(ofModel.Key);
            var runner = new PointRunner(session, places);
            foreach (PlannedPoint point in ofModel)
            {
                Tell(point, null);
                try
                {
                    Run(runner, session, point);
                }
                catch (Exception e) when (IsOfPoint(e))
                {
                    string why = e is InputException ? e.Message : $"{e.GetType().Name}: {e.Message}"; // a bug, which is told as one
                    failed.Add((point, why));
                    results.KeepFailure(point.Point.Key, why);
                }

                tried++;
                clock.IsDone(point);
                Tell(point, null);
            }
        }

        return new RunReport(
            own.Length, own.Length - missing.Length, missing.Length - failed.Count, failed,
            Stopwatch.GetElapsedTime(start).TotalSeconds, isAnother);

        void Run(PointRunner runner, Session session, PlannedPoint point)
        {
            var inner = progress is null ? null : new ProgressInOrder<Step>(step => Tell(point, step));
            DataSet set = data.First(one => one.Source.Name == point.Point.Data.Name);
            (IReadOnlyList<Figure> figures, PointCosts costs, Examined examined) = runner.Run(point, set, inner, cancellation);
            results.Keep(
                new PointResult(
                    point.Point.Key, point.Point.ToJson(), figures, costs, Machine.Of(session), TimeProvider.System.GetUtcNow()),
                examined);
        }

        void Tell(PlannedPoint point, Step? step)
        {
            string left = clock.Left(tried) is { } time ? $", {time} left" : "";
            string now = step is { Total: > 0 } s ? $", {s.What.ToLowerInvariant()} {100 * s.Done / s.Total} %" : "";
            progress?.Report(new Step("Running", "points", tried, missing.Length, $"{point}{now}{left}"));
        }
    }

    /// <summary>Whether another point may still go well: not where somebody wants to stop, or the accelerator is gone.</summary>
    private static bool IsOfPoint(Exception e) =>
        e is not OperationCanceledException and not InputException { Kind: ErrorKind.Interrupted or ErrorKind.DeviceLost };

    /// <summary>Every so many-th point: points that take alike stand together, so that shares take alike too.</summary>
    private static IEnumerable<PlannedPoint> Share(IReadOnlyList<PlannedPoint> points, (int Number, int Of)? share)
    {
        PlannedPoint[] distinct = [.. points.DistinctBy(point => point.Point.Key)];
        return share is (int number, int of) ? distinct.Where((_, i) => i % of == number - 1) : distinct;
    }
}

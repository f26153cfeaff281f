using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Running;

/// <summary>What a point would take, reckoned and not tried.</summary>
/// <param name="Point">The point.</param>
/// <param name="IsPresent">Whether it is done already.</param>
/// <param name="TeachSeconds">Seconds of teaching; null where the method does not say.</param>
/// <param name="AskSeconds">Seconds of asking, from what the first of its questions take here.</param>
/// <param name="Memory">Bytes beside the model while teaching; null where the method does not say.</param>
/// <param name="Missing">What it needs that is not there; null for nothing.</param>
public sealed record PointEstimate(
    PlannedPoint Point, bool IsPresent, double? TeachSeconds, double AskSeconds, double? Memory, string? Missing);

/// <summary>Reckons what a plan takes before it is run.</summary>
/// <param name="results">Where results are; what is there takes nothing.</param>
/// <param name="open">Opens a model.</param>
/// <param name="places">Where points find what else they need.</param>
public sealed class RunEstimate(ResultFolder results, Func<string, Session> open, PointPlaces places)
{
    // Edits whose questions are asked to see how long that takes: enough to fill batches.
    private const int Probed = 64;

    /// <summary>The points with what each would take.</summary>
    /// <param name="points">A plan's points.</param>
    /// <param name="data">Its data.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="InputException">A model cannot be opened.</exception>
    public IReadOnlyList<PointEstimate> Of(
        IReadOnlyList<PlannedPoint> points, IReadOnlyList<DataSet> data, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(data);
        var estimates = new List<PointEstimate>();
        foreach (IGrouping<string, PlannedPoint> ofModel in points.DistinctBy(point => point.Point.Key).GroupBy(point => point.Folder))
        {
            using Session session = open(ofModel.Key);
            var asking = new Dictionary<string, (double OfEdit, double OfText)>(); // seconds
            foreach (PlannedPoint point in ofModel)
            {
                cancellation.ThrowIfCancellationRequested();
                DataSet set = data.First(one => one.Source.Name == point.Point.Data.Name);
                bool isPresent = results.Has(point.Point.Key);
                string asked = $"{set.Source.Name} {string.Join(' ', point.Point.Measures)}";
                if (!isPresent && !asking.ContainsKey(asked))
                {
                    bool hasText = point.Point.Measures.Contains(ExperimentPlan.Text);
                    asking[asked] = (SecondsOfAsking(session, set, point.Point), hasText ? SecondsOfText(session, set) : 0);
                }

                estimates.Add(isPresent ? new PointEstimate(point, true, 0, 0, 0, null) : Reckon(session, set, point, asking[asked]));
            }
        }

        return estimates;
    }

    private PointEstimate Reckon(Session session, DataSet set, PlannedPoint planned, (double OfEdit, double OfText) seconds)
    {
        ExperimentPoint point = planned.Point;
        double ask = (seconds.OfEdit * point.Count) + seconds.OfText;
        if (planned.Failure is { } failure) return new PointEstimate(planned, false, null, ask, null, failure);
        if (point.Settings is not { } settings) return new PointEstimate(planned, false, 0, ask, 0, null);
        try
        {
            session.UseMemory();
            TeachingEstimate? teaching = session.Estimate(
                session.Tokenize([.. set.Draw(point.Count, point.Seed).Edits.Select(one => one.ToRequest(point.Data.AnswerTrigger))]),
                settings, new TeachingOptions { StatisticsFolder = places.StatisticsFolder });
            NeededStatistics? lacking = teaching?.Statistics.FirstOrDefault(needed => needed.Missing is not null);
            return new PointEstimate(
                planned, false, teaching?.Seconds, ask, teaching?.Costs.Memory,
                lacking is null ? null : $"statistics of block {lacking.Layer}: {lacking.Missing}");
        }
        catch (InputException e)
        {
            return new PointEstimate(planned, false, null, ask, null, e.Message);
        }
    }

    /// <summary>What the questions of an edit take of the base model; the edited one is asked as often.</summary>
    private static double SecondsOfAsking(Session session, DataSet set, ExperimentPoint point)
    {
        IReadOnlyList<EditRecord> edits = set.Draw(Math.Min(Probed, set.Count), point.Seed).Edits;
        ExaminationPlan plan = PointRunner.QuestionsOf(point);
        session.UseMemory();
        session.Examine([.. edits.Take(4)], plan); // which the compiler has not seen yet
        long start = TimeProvider.System.GetTimestamp();
        session.Examine(edits, plan);
        return 2 * TimeProvider.System.GetElapsedTime(start).TotalSeconds / edits.Count;
    }

    /// <summary>What reading the held-out text takes, there and with an edit at each token: twice what the base model does.</summary>
    private static double SecondsOfText(Session session, DataSet set)
    {
        int[][] texts = PointRunner.TextsOf(session, set.HeldOut), some = [.. texts.Take(Probed)];
        if (some.Length == 0) return 0;
        int window = session.Model.Config.NPositions;
        long start = TimeProvider.System.GetTimestamp();
        session.Perplexity(some, window, window);
        return 2 * TimeProvider.System.GetElapsedTime(start).TotalSeconds * texts.Sum(one => one.Length) / some.Sum(one => one.Length);
    }
}

using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Plans;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Points;

/// <summary>Where a point finds what it needs beside model and data.</summary>
/// <param name="StatisticsFolder">Statistics of the models; null for none.</param>
/// <param name="TraceFolder">Where to keep what base models compute of prompts; null keeps nothing.</param>
public sealed record PointPlaces(string? StatisticsFolder = null, string? TraceFolder = null);

/// <summary>Measures points of one model. What the base model says is asked once for all of them.</summary>
/// <param name="session">The model.</param>
/// <param name="places">Where else to look.</param>
public sealed class PointRunner(Session session, PointPlaces places)
{
    private const int Framed = 200, Withdrawn = 20, PacePrompts = 20, PaceTokens = 20, Window = 128;

    private readonly Dictionary<(string, int), string> saidByBase = [];
    private readonly TraceFolder? traces =
        places.TraceFolder is { } folder ? new TraceFolder(folder, session.Model, session.Fingerprint.Weights) : null;

    /// <summary>Teaches a point's edits and asks for everything.</summary>
    /// <param name="planned">The point.</param>
    /// <param name="data">Its data.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops it; nothing of it counts then.</param>
    /// <returns>Figures, costs, and each prompt.</returns>
    /// <exception cref="InputException">The method cannot teach these facts to this model.</exception>
    public (IReadOnlyList<Figure> Figures, PointCosts Costs, Examined Examined) Run(
        PlannedPoint planned, DataSet data, IProgress<Step>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(planned);
        ArgumentNullException.ThrowIfNull(data);
        if (planned.Failure is { } failure) throw new InputException(failure);
        long start = Stopwatch.GetTimestamp();
        bool knowsPeak = PeakMemory.Restart();
        ExperimentPoint point = planned.Point;
        DataSample sample = data.Draw(point.Count, point.Seed);
        (double teachSeconds, double cpuSeconds) = Teach(planned, sample, progress, cancellation);
        EditedModel edited = AblatedAdaptor.Of(session.Edited, point.Ablation);
        Examined examined = Examine(edited, sample, point, progress, cancellation);
        List<Figure> figures = [.. ExaminationFigures.Of(examined)];
        if (point.Measures.Contains(ExperimentPlan.Text)) AddText(figures, edited, data.HeldOut, progress, cancellation);
        if (point.Measures.Contains(ExperimentPlan.Withdrawal)) AddWithdrawal(figures, sample, point, progress, cancellation);
        string[] prompts = [.. sample.Edits.Take(PacePrompts / 2).Concat(sample.Neighbours.Take(PacePrompts / 2))
            .Select(record => record.EditPrompt(point.Data.AnswerTrigger))];
        IReadOnlyList<Edit> edits = session.Store.List(withParts: true, includeRemoved: false);
        double bytes = edits.Count == 0 ? 0 : edits.Average(edit => edit.Parts.Sum(part => (double)sizeof(float) * part.Values.Length));
        var costs = new PointCosts(
            Rounded(teachSeconds), Rounded(cpuSeconds), knowsPeak ? PeakMemory.Bytes() : null, Math.Round(bytes), Pace(edited, prompts),
            Pace(new EditedModel(session.Model) { Tokenizer = session.Tokenizer }, prompts),
            Rounded(Stopwatch.GetElapsedTime(start).TotalSeconds));
        return (figures, costs, examined);
    }

    /// <summary>What a point asks beside its edits, but for unedited facts.</summary>
    internal static ExaminationPlan QuestionsOf(ExperimentPoint point)
    {
        var plan = new ExaminationPlan(point.Data.Triggers)
        {
            Frames = point.Measures.Contains(ExperimentPlan.Contexts) ? PromptFrame.Usual : [],
            MostFramed = Framed,
        };
        return point.Measures.Contains(ExperimentPlan.Said) ? plan : plan with { MostNewTokens = 0 };
    }

    /// <summary>Lines as tokens, those that have something to score.</summary>
    internal static int[][] TextsOf(Session session, IReadOnlyList<string> lines) =>
        [.. lines.Select(session.Tokenizer.Encode).Where(tokens => tokens.Length > 1)];

    private (double Seconds, double CpuSeconds) Teach(
        PlannedPoint planned, DataSample sample, IProgress<Step>? progress, CancellationToken cancellation)
    {
        session.UseMemory();
        if (planned.Point.Settings is not { } settings) return (0, 0);
        IReadOnlyList<TokenizedRequest> requests =
            session.Tokenize([.. sample.Edits.Select(record => record.ToRequest(planned.Point.Data.AnswerTrigger))]);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        TeachingReport report = session.Teach(
            requests, settings,
            new TeachingOptions
            {
                Check = false,
                NetFile = planned.Net,
                StatisticsFolder = places.StatisticsFolder,
                TraceFolder = places.TraceFolder,
            },
            progress, cancellation);
        if (report.Failure is { } failed) throw failed;
        cancellation.ThrowIfCancellationRequested();
        return (report.Seconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    private Examined Examine(
        EditedModel edited, DataSample sample, ExperimentPoint point, IProgress<Step>? progress, CancellationToken cancellation)
    {
        ExaminationPlan plan = QuestionsOf(point) with { Neighbours = sample.Neighbours, SameSubject = sample.SameSubject };
        return session.Compute(() => new Examiner(edited, session.Tokenizer) { SaidByBase = saidByBase, Traces = traces }.Examine(
            sample.Edits, plan, (done, total) => progress?.Report(new Step("Asking", "questions", done, total)), cancellation));
    }

    private void AddText(
        List<Figure> figures, EditedModel edited, IReadOnlyList<string> lines, IProgress<Step>? progress, CancellationToken cancellation)
    {
        int[][] texts = TextsOf(session, lines);
        if (texts.Length == 0) return;
        int window = Math.Min(Window, session.Model.Config.NPositions);
        PerplexityReport report = session.Compute(() => new Perplexity(edited).Measure(
            texts, window, window / 2, (done, total) => progress?.Report(new Step("Reading", "tokens", done, total)), cancellation));
        string protocol = $"held-out text, windows of {window} tokens";
        Add("perplexity", report.Base.Perplexity, report.Edited.Perplexity);
        Add("perplexity, edited by base", null, report.Ratio);
        Add("perplexity, edited by base, median text", null, report.MedianRatio);
        Add("fired", null, report.Answered);

        void Add(string name, double? ofBase, double value) =>
            figures.Add(new Figure(name, protocol, "text", report.Tokens, ofBase, value, value, value));
    }

    private void AddWithdrawal(
        List<Figure> figures, DataSample sample, ExperimentPoint point, IProgress<Step>? progress, CancellationToken cancellation)
    {
        if (point.Settings is null || EditorCatalog.Named(point.Method).Reversal == Reversal.WholeBatch) return;
        (WithdrawalReport report, _, _) = session.MeasureWithdrawal(
            [.. sample.Edits.Take(Withdrawn)], point.Data.AnswerTrigger, progress: progress, cancellation: cancellation);
        foreach ((string name, double? value) in new[] { ("RS", report.Rs), ("Con", report.Con) })
        {
            if (value is { } percent)
                figures.Add(new Figure(name, "each of some edits withdrawn alone", "edit", report.Edits, null, percent, percent, percent));
        }
    }

    /// <summary>Tokens a second, the better of two passes: code is compiled in the first.</summary>
    private double Pace(EditedModel model, string[] prompts) => Rounded(Enumerable.Range(0, 2).Max(_ =>
    {
        long start = Stopwatch.GetTimestamp();
        int tokens = prompts.Sum(prompt => session.Generate(model, prompt, PaceTokens).Tokens.Count);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }));

    private static double Rounded(double value) => Math.Round(value, 3);
}

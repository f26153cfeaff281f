using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// Finds θ and α for a model and an edit set. The set is split in two; each half is taught, in memory, with every pair of settings, and
/// asked: its own prompts, the same in other words, and those of the other half, which nobody taught. One half chooses, the other
/// reports. θ moves a neuron's threshold, and by it also what training makes of key and value, so each θ is taught anew; the base model
/// is asked once, as its traces are kept.
/// </summary>
/// <param name="soFar">The base model, or one with earlier edits.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="settings">All settings but θ and α.</param>
/// <param name="traces">Where traces are kept.</param>
public sealed class Calibration(EditedModel soFar, Tokenizer tokenizer, IReVaSettings settings, TraceFolder traces)
{
    private const ulong SplitSeed = 0;

    /// <summary>Goes through all pairs.</summary>
    /// <param name="records">The edit set: at least two records that ask different things.</param>
    /// <param name="answerTrigger">How their prompts end.</param>
    /// <param name="alphas">Values of α.</param>
    /// <param name="thetas">Values of θ.</param>
    /// <param name="taken">Prompts that earlier edits answer; records that ask them are left out.</param>
    /// <param name="firstId">An id beyond those of earlier edits.</param>
    /// <param name="progress">Told how many settings of how many are measured.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="InputException">Fewer than two records are left, or one cannot be taught.</exception>
    public CalibrationReport Run(
        IReadOnlyList<EditRecord> records, string answerTrigger, IReadOnlyList<float> alphas, IReadOnlyList<float> thetas,
        IReadOnlySet<string> taken, long firstId = 1, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(alphas);
        ArgumentNullException.ThrowIfNull(thetas);
        EditRecord[] usable =
            [.. records.DistinctBy(r => r.EditPrompt(answerTrigger)).Where(r => !taken.Contains(r.EditPrompt(answerTrigger)))];
        new Rng(SplitSeed).Shuffle<EditRecord>(usable);
        if (usable.Length < 2)
        {
            throw new InputException(
                $"Of {records.Count} records {usable.Length} can be taught, expected at least two that ask different things.",
                "one half is taught while the other shows what must stay.");
        }

        EditRecord[] one = usable[..((usable.Length + 1) / 2)], other = usable[one.Length..];
        Half chosen = HalfOf(one, other, answerTrigger, firstId, cancellation);
        Half heldOut = HalfOf(other, one, answerTrigger, firstId, cancellation);
        var points = new List<CalibrationPoint>();
        foreach (float alpha in alphas)
        {
            foreach (float theta in thetas)
            {
                IReVaSettings tried = settings with { Alpha = alpha, Theta = theta };
                points.Add(new CalibrationPoint(alpha, theta, Score(chosen, tried, cancellation), Score(heldOut, tried, cancellation)));
                progress?.Invoke(points.Count, alphas.Count * thetas.Count);
            }
        }

        CalibrationPoint recommended = CalibrationReport.Recommend(points);
        return new CalibrationReport(
            points, settings with { Alpha = recommended.Alpha, Theta = recommended.Theta }, one.Length, other.Length,
            records.Count - usable.Length);
    }

    private CalibrationScore Score(Half half, IReVaSettings tried, CancellationToken cancellation)
    {
        EditedModel taught = Taught(half, tried, cancellation);
        Answer[] answers = [.. new TeacherForcing(taught, traces).Ask(half.Questions, cancellation: cancellation)];
        Answer[] es = answers[..half.Own], ps = [.. half.Rephrased.Select(i => answers[i])];
        Answer[] kept = [.. half.Untaught.Select(i => answers[i])], others = [.. half.UntaughtRephrased.Select(i => answers[i])];
        IEnumerable<IGrouping<long, Answer>> byRecord = ps.Zip(half.RephrasedIds).GroupBy(pair => pair.Second, pair => pair.First);
        return new CalibrationScore(
            EditMetrics.Percent(es.Select(a => a.EditedAccuracy)),
            EditMetrics.Percent(byRecord.Select(of => of.Average(a => a.EditedAccuracy))),
            EditMetrics.Percent(kept.Select(a => a.Base[0] == a.Edited[0] ? 1.0 : 0)),
            EditMetrics.Percent(ps.Zip(half.RephrasedIds, Wrong).Concat(others.Select(a => Wrong(a, 0)))));

        static double Wrong(Answer answer, long own) => answer.Spoke[0] != 0 && answer.Spoke[0] != own ? 1 : 0;
    }

    /// <summary>The model with a half's edits, which are nowhere stored.</summary>
    private EditedModel Taught(Half half, IReVaSettings tried, CancellationToken cancellation)
    {
        IEditor editor = EditorCatalog.Named(tried.Method);
        EditedModel taught = soFar;
        long id = half.FirstId;
        foreach (IReadOnlyList<TokenizedRequest> portion in editor.Batches(half.Requests, tried, half.Context))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = soFar.Base.Device.Scope();
            taught = editor.Apply(taught, [.. editor.Teach(portion, taught, tried, half.Context).Select(edit => edit with { Id = id++ })]);
        }

        return taught;
    }

    private Half HalfOf(EditRecord[] own, EditRecord[] untaught, string trigger, long firstId, CancellationToken cancellation)
    {
        int nPositions = soFar.Base.Config.NPositions;
        TokenizedRequest[] requests =
            [.. own.Select(r => TokenizedRequest.Of(tokenizer, r.ToRequest(trigger), nPositions))];
        var questions = new List<Question>(requests.Select(request => new Question(request.Tokens)));
        (int, long)[] rephrased = [.. own.SelectMany((record, i) => record.ParaphrasePrompts(trigger)
            .Select(prompt => (Asked(prompt, record.Target), firstId + i)))];
        int[] prompts = [.. untaught.Select(record => Asked(record.EditPrompt(trigger), record.Target, onlyNext: true))];
        int[] others = [.. untaught.SelectMany(record => record.ParaphrasePrompts(trigger)
            .Select(prompt => Asked(prompt, record.Target, onlyNext: true)))];
        return new Half(
            requests, questions, own.Length, [.. rephrased.Select(r => r.Item1)], [.. rephrased.Select(r => r.Item2)], prompts, others,
            firstId, new TeachingContext
            {
                Tokenizer = tokenizer,
                BosId = tokenizer.BosId,
                EosId = tokenizer.EosId,
                Prompts = [.. requests.Select(request => request.Tokens.Prompt)],
                Traces = traces,
                Cancellation = cancellation,
            });

        int Asked(string prompt, string target, bool onlyNext = false)
        {
            var question = new Question(EditTokens.Of(tokenizer, prompt, target, nPositions));
            questions.Add(onlyNext ? question.OnlyNextToken() : question);
            return questions.Count - 1;
        }
    }

    /// <summary>What is taught together, and what is asked then: numbers are places among the questions, whose first are the own.</summary>
    private sealed record Half(
        IReadOnlyList<TokenizedRequest> Requests, IReadOnlyList<Question> Questions, int Own, int[] Rephrased, long[] RephrasedIds,
        int[] Untaught, int[] UntaughtRephrased, long FirstId, TeachingContext Context);
}

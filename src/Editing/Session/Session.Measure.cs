using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <content>Measuring the edited model.</content>
public sealed partial class Session
{
    /// <summary>ES, PS, NS and what goes with them, of the base and of the edited model.</summary>
    /// <param name="records">The records to measure on.</param>
    /// <param name="triggers">How prompts end.</param>
    /// <param name="neighbours">Unedited facts; those that an edit of the store or a record asks are left out.</param>
    /// <param name="traceFolder">Where to keep what the base model computes; null keeps nothing.</param>
    /// <param name="progress">Told how many questions are answered.</param>
    /// <param name="cancellation">Stops between chunks of questions.</param>
    /// <exception cref="InputException">A record cannot be asked.</exception>
    public EvaluationReport Evaluate(
        IReadOnlyList<EditRecord> records, Triggers triggers, IReadOnlyList<EditRecord>? neighbours = null, string? traceFolder = null,
        IProgress<Step>? progress = null, CancellationToken cancellation = default) => queue.Run(() =>
        {
            if (neighbours is not null) neighbours = Untaught(neighbours, triggers);
            return new Evaluator(Edited, Tokenizer, TracesIn(traceFolder))
                .Evaluate(records, triggers, neighbours, Asking(progress), cancellation);
        });

    /// <summary>
    /// Everything that says whether edits are known and what else has changed, prompt by prompt; see <see cref="Examiner"/>.
    /// </summary>
    /// <param name="records">The edits to examine, in the order in which they were taught.</param>
    /// <param name="plan">What is asked beside their own prompts.</param>
    /// <param name="progress">Told how many questions are answered.</param>
    /// <param name="cancellation">Stops between questions.</param>
    /// <exception cref="InputException">A record cannot be asked.</exception>
    public Examined Examine(
        IReadOnlyList<EditRecord> records, ExaminationPlan plan, IProgress<Step>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return queue.Run(() => new Examiner(Edited, Tokenizer).Examine(
            records,
            plan with
            {
                Neighbours = Untaught(plan.Neighbours, plan.Triggers),
                SameSubject = Untaught(plan.SameSubject, plan.Triggers),
            },
            Asking(progress), cancellation));
    }

    /// <summary>RS and Con of the active edits that records name: each withdrawn alone.</summary>
    /// <param name="records">Records whose facts were taught.</param>
    /// <param name="answerTrigger">How their prompts end.</param>
    /// <param name="rules">What is done to their texts; null for the usual rules.</param>
    /// <param name="traceFolder">Where to keep what the base model computes; null keeps nothing.</param>
    /// <param name="progress">Told how many questions are answered.</param>
    /// <param name="cancellation">Stops between chunks of questions.</param>
    /// <returns>The report, with how many records have no edit and how many a withdrawn one: they are left out.</returns>
    /// <exception cref="InputException">A record cannot be asked, or none names an active edit.</exception>
    public (WithdrawalReport Report, int WithoutEdit, int Withdrawn) MeasureWithdrawal(
        IReadOnlyList<EditRecord> records, string answerTrigger, TextRules? rules = null, string? traceFolder = null,
        IProgress<Step>? progress = null, CancellationToken cancellation = default) => queue.Run(() =>
        {
            Edit[] named = [.. records.Select((record, i) => Find(record, i, answerTrigger, rules)).OfType<Edit>()];
            Edit[] active = [.. named.Where(e => e.Status == EditStatus.Active).DistinctBy(e => e.Id)];
            int without = records.Count - named.Length, withdrawn = named.Count(e => e.Status == EditStatus.Withdrawn);
            if (active.Length == 0)
            {
                string given = records.Count == 1 ? "1 record" : $"{records.Count} records";
                throw new InputException(
                    $"No record names an active edit of '{Store.Path}' ({given}: {without} without an edit, "
                        + $"{withdrawn} already withdrawn).",
                    "use the records and the answer trigger that the edits were made with.");
            }

            IReadOnlyList<Edit> all = [];
            WithdrawalReport report = new Evaluator(Edited, Tokenizer, TracesIn(traceFolder))
                .Withdrawal(active, Without, Asking(progress), cancellation);
            return (report, without, withdrawn);

            EditedModel Without(Edit edit)
            {
                if (all.Count == 0) all = Store.List(withParts: true, includeRemoved: false, at);
                return EditorCatalog.Apply(Unedited, [.. all.Select(e => e.Id == edit.Id ? e with { Status = EditStatus.Withdrawn } : e)]);
            }
        });

    /// <summary>Perplexity of texts under the base and the edited model; see <see cref="Perplexity.Measure"/>.</summary>
    /// <inheritdoc cref="Perplexity.Measure"/>
    public PerplexityReport Perplexity(
        IReadOnlyList<int[]> texts, int window, int stride, IProgress<Step>? progress = null, CancellationToken cancellation = default) =>
        queue.Run(() => new Perplexity(Edited).Measure(texts, window, stride, Counted(progress, "Reading", "tokens"), cancellation));

    /// <summary>Facts that no edit of the store asks, which may be more than are measured.</summary>
    private IReadOnlyList<EditRecord> Untaught(IReadOnlyList<EditRecord> facts, Triggers triggers)
    {
        if (store is null) return facts;
        var taught = store.List(withParts: false, includeRemoved: false, at).Select(e => e.Request.Prompt).ToHashSet();
        return [.. facts.Where(fact => !taught.Contains(fact.EditPrompt(triggers.AnswerTrigger, triggers.Texts)))];
    }

    private Edit? Find(EditRecord record, int number, string trigger, TextRules? rules) =>
        Find(record.EditPrompt(trigger, rules), TokensOf(record, number, trigger, rules).Target);

    private EditTokens TokensOf(EditRecord record, int number, string trigger, TextRules? rules)
    {
        try
        {
            return EditTokens.Of(Tokenizer, record.EditPrompt(trigger, rules), record.Target, Model.Config.NPositions, rules);
        }
        catch (InputException e)
        {
            throw new InputException($"Record {number} (counted from 0) cannot be asked: {e.Message}", "mend it or leave it out.", e);
        }
    }

    private static Action<int, int>? Asking(IProgress<Step>? progress) => Counted(progress, "Asking", "questions");

    private static Action<int, int>? Counted(IProgress<Step>? progress, string what, string units) =>
        progress is null ? null : (done, total) => progress.Report(new Step(what, units, done, total));
}

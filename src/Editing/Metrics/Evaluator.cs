using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics;

/// <summary>How a record's prompts end; see <see cref="EditRecord"/>.</summary>
/// <param name="AnswerTrigger">Appended to <c>src</c> and <c>rephrase</c>.</param>
/// <param name="LocTrigger">Appended to <c>loc</c> and its question mark.</param>
public sealed record Triggers(string AnswerTrigger, string LocTrigger)
{
    /// <summary>
    /// What is done to the texts of prompts and their answers. Unrelated questions are asked as their data set means them:
    /// <see cref="TextRules.Published"/>.
    /// </summary>
    public TextRules Texts { get; init; } = TextRules.Default;
}

/// <summary>Measures a base model and its edits on records.</summary>
/// <param name="model">The edited model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
public sealed class Evaluator(EditedModel model, Tokenizer tokenizer, TraceFolder? traces = null)
{
    private readonly TeacherForcing forcing = new(model, traces);

    /// <summary>ES, PS, NS and what goes with them.</summary>
    /// <param name="records">The edit set.</param>
    /// <param name="triggers">How prompts end.</param>
    /// <param name="neighbours">Unedited facts; those that share a prompt with a record are left out.</param>
    /// <param name="progress">Told how many questions of how many are answered.</param>
    /// <param name="cancellation">Stops between chunks of questions.</param>
    public EvaluationReport Evaluate(
        IReadOnlyList<EditRecord> records, Triggers triggers, IReadOnlyList<EditRecord>? neighbours = null,
        Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(triggers);
        TextRules texts = triggers.Texts;
        Question[] edits = Questions(records, r => r.EditPrompt(triggers.AnswerTrigger, texts), r => r.Alt, texts);
        Question[] rephrased = Questions(records, r => r.RephrasePrompt(triggers.AnswerTrigger, texts), r => r.Alt, texts);
        Question[] unrelated = Questions(records, r => r.LocalityPrompt(triggers.LocTrigger), r => r.LocAns, TextRules.Published);
        var own = records.Select(r => r.Src).ToHashSet();
        Question[] nearby = Questions(
            neighbours ?? [], r => own.Contains(r.Src) ? null : r.EditPrompt(triggers.AnswerTrigger, texts), r => r.Alt, texts,
            "Neighbour");
        for (int i = 0; i < nearby.Length; i++) nearby[i] = nearby[i].OnlyNextToken();

        Question[] all = [.. edits, .. rephrased, .. unrelated, .. nearby];
        Answer[] answers = [.. forcing.Ask(all, done => progress?.Invoke(done, all.Length), cancellation)];
        Answer[] es = Take(edits.Length), ps = Take(rephrased.Length), ns = Take(unrelated.Length), near = Take(nearby.Length);
        return new EvaluationReport(
            records.Count,
            new EditMetrics(
                Mean(es, a => a.BaseAccuracy), Mean(ps, a => a.BaseAccuracy), Mean(ns, a => a.BaseAccuracy),
                Mean(es, a => a.BaseAccuracy == 1 ? 1 : 0)),
            new EditMetrics(
                Mean(es, a => a.EditedAccuracy), Mean(ps, a => a.EditedAccuracy), Mean(ns, a => a.EditedAccuracy),
                Mean(es, a => a.EditedAccuracy == 1 ? 1 : 0)),
            EditMetrics.Percent(ns.SelectMany(a => a.Base.Zip(a.Edited, (before, after) => before == after ? 1.0 : 0))),
            EditMetrics.Percent(near.Select(a => a.Base[0] == a.Edited[0] ? 1.0 : 0)));

        Answer[] Take(int count)
        {
            Answer[] taken = answers[..count];
            answers = answers[count..];
            return taken;
        }

        static double? Mean(Answer[] of, Func<Answer, double> share) => EditMetrics.Percent(of.Select(share));
    }

    /// <summary>RS and Con: each edit withdrawn alone, asked on its own prompt, comparing all of its tokens.</summary>
    /// <param name="edits">Active edits of the model.</param>
    /// <param name="without">
    /// Makes the model with that edit withdrawn. It is asked only where the model's weights are edited: what sits beside the model says
    /// itself what it would do without an edit.
    /// </param>
    /// <param name="progress">Told how many questions of how many are answered.</param>
    /// <param name="cancellation">Stops between questions.</param>
    public WithdrawalReport Withdrawal(
        IReadOnlyList<Edit> edits, Func<Edit, EditedModel> without, Action<int, int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(edits);
        ArgumentNullException.ThrowIfNull(without);
        Question[] questions = [.. edits.Select(e => new Question(new EditTokens(e.PromptTokens, e.TargetTokens), e.Id))];
        Answer[] answers = [.. forcing.Ask(questions, done => progress?.Invoke(done, questions.Length), cancellation)];
        if (!ReferenceEquals(model.Base, model.Model))
        {
            for (int i = 0; i < answers.Length; i++)
            {
                Answer alone = new TeacherForcing(without(edits[i])).Ask([questions[i]], cancellation: cancellation)[0];
                answers[i] = answers[i] with { Withdrawn = alone.Edited };
                progress?.Invoke(i + 1, answers.Length);
            }
        }

        return new WithdrawalReport(
            edits.Count,
            EditMetrics.Percent(answers.Select(a => a.Edited.SequenceEqual(a.Withdrawn) ? 0.0 : 1)),
            EditMetrics.Percent(answers.Select(a => a.Base.SequenceEqual(a.Withdrawn) ? 1.0 : 0)));
    }

    private Question[] Questions(
        IEnumerable<EditRecord> records, Func<EditRecord, string?> prompt, Func<EditRecord, string?> target, TextRules texts,
        string what = "Record")
    {
        var questions = new List<Question>();
        int number = 0;
        foreach (EditRecord record in records)
        {
            try
            {
                if (prompt(record) is { } p && target(record) is { } t)
                    questions.Add(new Question(EditTokens.Of(tokenizer, p, t, model.Base.Config.NPositions, texts)));
            }
            catch (InputException e)
            {
                throw new InputException($"{what} {number} (counted from 0) cannot be asked: {e.Message}", "mend it or leave it out.", e);
            }

            number++;
        }

        return [.. questions];
    }
}

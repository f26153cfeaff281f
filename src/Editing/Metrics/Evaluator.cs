using Sharpformer.Editing.Datasets;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics;

/// <summary>Measures a base model and its edits on records.</summary>
/// <param name="model">The edited model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
public sealed class Evaluator(EditedModel model, Tokenizer tokenizer, TraceFolder? traces = null)
{
    private readonly TeacherForcing forcing = new(model, traces);

    /// <summary>ES, PS, NS and what goes with them. A prompt that may be answered in several ways counts as the best of them.</summary>
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
        var asked = new EvaluationQuestions(tokenizer, model.Base.Config.NPositions, triggers);
        for (int i = 0; i < records.Count; i++) asked.Add(records[i], i);
        var own = records.Select(r => r.Prompt).ToHashSet();
        for (int i = 0; i < (neighbours?.Count ?? 0); i++)
            if (!own.Contains(neighbours![i].Prompt)) asked.AddNeighbour(neighbours[i], i);

        IReadOnlyList<Answer> answers = forcing.Ask(asked.All, done => progress?.Invoke(done, asked.All.Count), cancellation);
        AskedPrompt[] locality = [.. asked.Probes.Where(prompt => prompt is { HasAnswer: true, Probe.Kind: ProbeKind.Locality })];
        return new EvaluationReport(
            records.Count, Metrics(a => a.BaseAccuracy), Metrics(a => a.EditedAccuracy),
            EditMetrics.Percent(locality.Select(prompt => answers[prompt.First]).SelectMany(
                a => a.Base.Zip(a.Edited, (before, after) => before == after ? 1.0 : 0))),
            EditMetrics.Percent(asked.Neighbours.Select(Kept)))
        {
            Groups = [.. asked.Probes.GroupBy(prompt => (prompt.Probe!.Kind, prompt.Probe.Group)).Select(Group)],
        };

        EditMetrics Metrics(Func<Answer, double> accuracy) => new(
            Mean(asked.Edits, accuracy), Mean(asked.Paraphrases, accuracy), Mean(locality, accuracy),
            Mean(asked.Edits, a => accuracy(a) == 1 ? 1 : 0));

        GroupMetrics Group(IGrouping<(ProbeKind Kind, string Name), AskedPrompt> group)
        {
            AskedPrompt[] known = [.. group.Where(prompt => prompt.HasAnswer)];
            return new GroupMetrics(
                group.Key.Kind, group.Key.Name, group.Count(), group.Select(prompt => prompt.Record).Distinct().Count(),
                Mean(known, a => a.BaseAccuracy), Mean(known, a => a.EditedAccuracy),
                EditMetrics.Percent(group.GroupBy(prompt => prompt.Record).Select(of => of.Average(Kept))));
        }

        double? Mean(IEnumerable<AskedPrompt> prompts, Func<Answer, double> accuracy) => EditMetrics.Percent(
            prompts.GroupBy(prompt => prompt.Record).Select(of => of.Average(prompt => Best(prompt, accuracy))));

        double Best(AskedPrompt prompt, Func<Answer, double> accuracy) =>
            Enumerable.Range(prompt.First, prompt.Count).Max(i => accuracy(answers[i]));

        double Kept(AskedPrompt prompt) => answers[prompt.First].Base[0] == answers[prompt.First].Edited[0] ? 1 : 0;
    }

    /// <summary>RS and Con: each edit withdrawn alone, asked on its own prompt, comparing all of its tokens.</summary>
    /// <param name="edits">Active edits of the model.</param>
    /// <param name="without">
    /// Makes the model with that edit withdrawn. It is asked only where the model's weights are edited, or the edit is in force with others
    /// or not at all: what else sits beside the model says itself what it would do without an edit.
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
        if (model.ChangesWeights || edits.Any(EditorCatalog.IsOfBatch))
        {
            for (int i = 0; i < answers.Length; i++)
            {
                if (!model.ChangesWeights && !EditorCatalog.IsOfBatch(edits[i])) continue;
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
}

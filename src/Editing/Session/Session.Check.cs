using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;

namespace Sharpformer;

/// <content>Asking the edited model what it was taught.</content>
public sealed partial class Session
{
    /// <summary>Asks each active edit's own prompt, and the other wordings that it was given.</summary>
    /// <param name="progress">Told how many questions are answered.</param>
    /// <param name="cancellation">Stops between batches of questions.</param>
    /// <returns>Edit by edit, its own prompt first.</returns>
    public IReadOnlyList<CheckedAnswer> Check(IProgress<Step>? progress = null, CancellationToken cancellation = default) =>
        queue.Run(() => AnswersOf(
            [.. Store.List(withParts: false, includeRemoved: false, at).Where(edit => edit.Status == EditStatus.Active)],
            withParaphrases: true, progress, cancellation));

    /// <summary>Asks the prompts of records, and their other wordings, for the target that they name.</summary>
    /// <param name="records">The records; one whose fact was never taught is asked too.</param>
    /// <param name="answerTrigger">How their prompts end.</param>
    /// <param name="rules">What is done to their texts; null for the usual rules.</param>
    /// <param name="progress">Told how many questions are answered.</param>
    /// <param name="cancellation">Stops between batches of questions.</param>
    /// <returns>Record by record, its own prompt first.</returns>
    /// <exception cref="Tensors.InputException">A record cannot be asked.</exception>
    public IReadOnlyList<CheckedAnswer> Check(
        IReadOnlyList<EditRecord> records, string answerTrigger, TextRules? rules = null, IProgress<Step>? progress = null,
        CancellationToken cancellation = default) => queue.Run(() =>
        {
            var questions = new List<CheckQuestion>();
            for (int i = 0; i < records.Count; i++)
            {
                EditRecord record = records[i];
                EditTokens tokens = TokensOf(record, i, answerTrigger, rules);
                long? edit = HasStore ? Find(record, i, answerTrigger, rules)?.Id : null;
                questions.Add(new CheckQuestion(edit, IsParaphrase: false, record.EditPrompt(answerTrigger, rules), tokens));
                questions.AddRange(record.ParaphrasePrompts(answerTrigger, rules)
                    .Select(other => OtherWording(edit, other, tokens.Target)));
            }

            return new AnswerCheck(Edited).Ask(questions, Asking(progress), cancellation);
        });

    private IReadOnlyList<CheckedAnswer> AnswersOf(
        IReadOnlyList<Edit> edits, bool withParaphrases, IProgress<Step>? progress, CancellationToken cancellation)
    {
        var questions = new List<CheckQuestion>();
        foreach (Edit edit in edits)
        {
            var tokens = new EditTokens(edit.PromptTokens, edit.TargetTokens);
            questions.Add(new CheckQuestion(edit.Id, IsParaphrase: false, edit.Request.Prompt, tokens));
            if (withParaphrases) questions.AddRange(edit.Request.Paraphrases.Select(other => OtherWording(edit.Id, other, tokens.Target)));
        }

        return new AnswerCheck(Edited).Ask(questions, Asking(progress), cancellation);
    }

    private CheckQuestion OtherWording(long? edit, string prompt, int[] target)
    {
        var tokens = new EditTokens(Tokenizer.Encode(prompt), target);
        Model.CheckedPrompt(tokens.Input);
        return new CheckQuestion(edit, IsParaphrase: true, prompt, tokens);
    }
}

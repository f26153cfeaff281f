namespace Sharpformer.Editing.Metrics;

/// <summary>A prompt to check, and what should follow it.</summary>
/// <param name="Edit">The edit that should answer; null where none is known.</param>
/// <param name="IsParaphrase">Whether it is another wording of the edit's own prompt.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Tokens">Its tokens and the target's.</param>
public sealed record CheckQuestion(long? Edit, bool IsParaphrase, string Prompt, EditTokens Tokens);

/// <summary>Asks the edited model what it was taught, and says of each prompt it gets wrong what is in the way.</summary>
/// <param name="model">The edited model.</param>
public sealed class AnswerCheck(EditedModel model)
{
    private const int QuestionsAtOnce = 128;

    /// <summary>The answers, in the order of the questions.</summary>
    /// <param name="questions">Any number.</param>
    /// <param name="progress">Told how many of how many are done.</param>
    /// <param name="cancellation">Checked between batches of questions.</param>
    public IReadOnlyList<CheckedAnswer> Ask(
        IReadOnlyList<CheckQuestion> questions, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        return ByLength.Ask(
            model.Base.Device, questions, question => question.Tokens.Input.Length, QuestionsAtOnce, chunk => AskChunk(chunk, cancellation),
            progress is null ? null : done => progress(done, questions.Count), cancellation);
    }

    private IEnumerable<CheckedAnswer> AskChunk(CheckQuestion[] questions, CancellationToken cancellation)
    {
        Comparison both = Comparison.Run(
            model, [.. questions.Select(q => q.Tokens.Input)], [.. questions.Select(q => q.Tokens.First)], cancellation: cancellation);
        int[] gold = [.. questions.SelectMany(q => q.Tokens.Target)];
        Firing[] firings = both.Fire(0, gold.Length);
        (float[] losses, int[] said) = TokenScores.Of(both, 0, gold, firings, rowsAtOnce: gold.Length).Edited;
        int row = 0;
        foreach (CheckQuestion question in questions)
        {
            int m = question.Tokens.Target.Length, end = row + m, wrong = row;
            while (wrong < end && said[wrong] == gold[wrong]) wrong++;
            yield return new CheckedAnswer(
                question.Edit, question.IsParaphrase, question.Prompt, question.Tokens.Target, said[row..Math.Min(end, wrong + 1)],
                Math.Exp(-losses[row..end].Sum(loss => (double)loss)),
                wrong == end ? Shortfall.None : Why(question, wrong - row, firings[wrong]),
                wrong == end ? default : firings[wrong]);
            row = end;
        }
    }

    private Shortfall Why(CheckQuestion question, int token, Firing speaks)
    {
        int[] read = question.Tokens.Input[..(question.Tokens.First + token + 1)];
        return (speaks.State, question.Edit) switch
        {
            (FiringState.Answers, var own) when speaks.Edit == own => Shortfall.TooWeak,
            (FiringState.Answers, { } own) when speaks.IsJoint && model.Keyed.Any(e => e.Holds(own) && e.Holds(speaks.Edit)) =>
                Shortfall.TooWeak,
            (FiringState.Answers, _) => Shortfall.AnotherEdit,
            (FiringState.Withdrawn, _) => Shortfall.WithdrawnEdit,
            (_, { } own) when model.Keyed.FirstOrDefault(edits => edits.Holds(own)) is { } memory =>
                memory.IsLocked(own, read) ? Shortfall.NotNamed : Shortfall.BelowThreshold,
            _ => Shortfall.Weights,
        };
    }
}

using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// Asks questions of the base and the edited model together. An answer does not depend on which questions stand beside it.
/// </summary>
/// <param name="model">The edited model.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
public sealed class TeacherForcing(EditedModel model, TraceFolder? traces = null)
{
    private const int QuestionsAtOnce = 128;

    /// <summary>The answers, in the order of the questions.</summary>
    /// <param name="questions">Any number.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Checked between batches of questions.</param>
    public IReadOnlyList<Answer> Ask(
        IReadOnlyList<Question> questions, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        return ByLength.Ask(
            model.Base.Device, questions, question => question.Tokens.Input.Length, QuestionsAtOnce, chunk => AskChunk(chunk, cancellation),
            progress, cancellation);
    }

    private Answer[] AskChunk(Question[] questions, CancellationToken cancellation)
    {
        Comparison both = Comparison.Run(
            model, [.. questions.Select(q => q.Tokens.Input)], [.. questions.Select(q => q.Tokens.First)], traces, cancellation);
        int P = both.Positions.Count;
        int[] basePredictions = model.Base.Device.ArgMax(both.BaseLogits(0, P).Value);
        Firing[] firings = both.Fire(0, P);
        int[] edited = Predictions(both, firings, basePredictions);

        // Where a question's own edit speaks, it is withdrawn and what then speaks is asked; elsewhere that makes no difference.
        long?[] own = [.. both.Positions.Select(p => questions[p.Sequence].Edit)];
        int[] affected = [.. Enumerable.Range(0, P).Where(r => firings[r].Adds && firings[r].Edit == own[r])];
        int[] withdrawn = [.. edited];
        if (affected.Length > 0)
        {
            Firing[] without = both.Fire(0, P, own);
            int[] predictions = Predictions(
                both, [.. affected.Select(r => without[r])], [.. affected.Select(r => basePredictions[r])], affected);
            for (int i = 0; i < affected.Length; i++) withdrawn[affected[i]] = predictions[i];
        }

        int row = 0;
        return [.. questions.Select(question =>
        {
            Range rows = row..(row += question.Tokens.Target.Length);
            return new Answer(question.Tokens.Target, basePredictions[rows], edited[rows], withdrawn[rows])
            {
                Spoke = [.. firings[rows].Select(firing => firing.State == FiringState.Answers ? firing.Edit : 0)],
            };
        })];
    }

    /// <summary>The base model's predictions, and the edited model's where they may differ.</summary>
    /// <param name="both">The models.</param>
    /// <param name="firings">What fires at each position.</param>
    /// <param name="basePredictions">The base model's prediction there.</param>
    /// <param name="positions">Which positions these are; null for all.</param>
    private int[] Predictions(Comparison both, Firing[] firings, int[] basePredictions, int[]? positions = null)
    {
        int[] predictions = [.. basePredictions];
        int[] rows = both.Differing(firings);
        if (rows.Length == 0) return predictions;

        using BufferScope scope = model.Base.Device.Scope();
        int[] at = positions is null ? rows : [.. rows.Select(r => positions[r])];
        int[] edited = model.Base.Device.ArgMax(both.EditedLogits(at, [.. rows.Select(r => firings[r])]).Value);
        for (int i = 0; i < rows.Length; i++) predictions[rows[i]] = edited[i];
        return predictions;
    }
}

using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>How both models take an answer, and what differs at the first of its tokens.</summary>
/// <param name="Base">The base model's losses and most likely tokens at each place.</param>
/// <param name="Edited">The edited model's.</param>
/// <param name="Kl">KL(base ‖ edited) of the first token, in nats.</param>
/// <param name="Edit">The edit that speaks at the first token; 0 where none is known to.</param>
internal sealed record ScoredAnswer(TokenScores Base, TokenScores Edited, double Kl, long Edit);

/// <summary>Asks both models for answers, token by token behind the right ones.</summary>
/// <param name="model">The edited model.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
internal sealed class PromptScorer(EditedModel model, TraceFolder? traces)
{
    private const int QuestionsAtOnce = 128, PairsAtOnce = 64;

    /// <summary>The answers, in the order of the questions; each is what it is whatever stands beside it.</summary>
    /// <param name="questions">Any number.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Checked between batches of questions.</param>
    public IReadOnlyList<ScoredAnswer> Ask(IReadOnlyList<Question> questions, Action<int>? progress, CancellationToken cancellation) =>
        ByLength.Ask(
            model.Base.Device, questions, question => question.Tokens.Input.Length, QuestionsAtOnce, chunk => AskChunk(chunk, cancellation),
            progress, cancellation);

    private IEnumerable<ScoredAnswer> AskChunk(Question[] questions, CancellationToken cancellation)
    {
        Comparison both = Comparison.Run(
            model, [.. questions.Select(q => q.Tokens.Input)], [.. questions.Select(q => q.Tokens.First)], traces, cancellation);
        int[] gold = [.. questions.SelectMany(q => q.Tokens.Target)];
        Firing[] firings = both.Fire(0, gold.Length);
        (TokenScores before, TokenScores after) = TokenScores.Of(both, 0, gold, firings, rowsAtOnce: gold.Length);
        int[] starts = new int[questions.Length];
        for (int i = 1; i < starts.Length; i++) starts[i] = starts[i - 1] + questions[i - 1].Tokens.Target.Length;
        Dictionary<int, double> divergences = Divergences(both, firings, starts);
        return questions.Select((question, i) =>
        {
            Range rows = starts[i]..(starts[i] + question.Tokens.Target.Length);
            Firing first = firings[starts[i]];
            return new ScoredAnswer(
                Part(before, rows), Part(after, rows), divergences.GetValueOrDefault(starts[i]),
                first.State == FiringState.Answers ? first.Edit : 0);
        });

        static TokenScores Part(TokenScores scores, Range rows) => new(scores.Losses[rows], scores.Likeliest[rows]);
    }

    /// <summary>The divergence of the next token at those of some positions where the models may differ.</summary>
    private static Dictionary<int, double> Divergences(Comparison both, Firing[] firings, int[] positions)
    {
        var divergences = new Dictionary<int, double>();
        int[] differing = [.. both.Differing([.. positions.Select(r => firings[r])]).Select(i => positions[i])];
        foreach (int[] rows in differing.Chunk(PairsAtOnce))
        {
            using BufferScope scope = both.Device.Scope();
            float[] edited = both.EditedLogits(rows, [.. rows.Select(r => firings[r])]).Value.ToArray();
            int V = edited.Length / rows.Length;
            for (int i = 0; i < rows.Length; i++)
            {
                divergences[rows[i]] = NextToken.Divergence(
                    both.BaseLogits(rows[i], 1).Value.ToArray(), edited.AsSpan(i * V, V));
            }
        }

        return divergences;
    }
}

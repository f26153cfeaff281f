using Sharpformer.Tensors;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// Perplexity of texts under the base and the edited model together. A long text is read in windows that may overlap
/// (<see cref="TextWindow"/> says which scores what). A token's loss does not depend on what stands beside its window, and the sum has
/// its order.
/// </summary>
/// <param name="model">The edited model.</param>
public sealed class Perplexity(EditedModel model)
{
    /// <summary>Tokens traced together, unless a single window has more.</summary>
    internal int TokensAtOnce { get; init; } = 2048;

    /// <summary>Positions whose logits are held at once: V numbers each.</summary>
    internal int LogitsAtOnce { get; init; } = 256;

    /// <summary>
    /// Numbers in the keys and values that are copied for tails that run at once: each position has a context of its own.
    /// </summary>
    internal long ContextAtOnce { get; init; } = 1 << 26;

    /// <summary>Scores every token but the first of each text. Nothing of a text is seen from another.</summary>
    /// <param name="texts">Token ids; together they have at least one token to score.</param>
    /// <param name="window">How many tokens the model reads at once: at least 2, at most its positions.</param>
    /// <param name="stride">How far each window begins behind the one before: 1 to <paramref name="window"/>. The smaller, the more
    /// context and the more work.</param>
    /// <param name="progress">Told how many tokens of how many are scored.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="ArgumentException">There is nothing to score, or window or stride are out of range.</exception>
    /// <exception cref="InputException">A token is not in the model's vocabulary.</exception>
    public PerplexityReport Measure(
        IReadOnlyList<int[]> texts, int window, int stride, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int positions = model.Base.Config.NPositions;
        if (window < 2 || window > positions)
        {
            throw new ArgumentOutOfRangeException(
                nameof(window), $"Perplexity: windows of {window} tokens, expected 2 to the model's {positions} positions.");
        }

        if (stride < 1 || stride > window)
        {
            throw new ArgumentOutOfRangeException(
                nameof(stride), $"Perplexity: a stride of {stride}, expected 1 to the window of {window}.");
        }

        int total = texts.Sum(text => Math.Max(0, text.Length - 1));
        if (total == 0) throw new ArgumentException("Perplexity: no text has two tokens, and its first is not scored.");

        var sums = new Sums();
        int text = -1; // the number of the one that is being scored, of those that have something to score
        foreach (List<TextWindow> windows in TextWindow.Batches(TextWindow.Over(texts, window, stride), TokensAtOnce))
        {
            using BufferScope scope = model.Base.Device.Scope();
            Comparison both = Comparison.Run(
                model, [.. windows.Select(w => w.Read())], [.. windows.Select(w => w.From)], cancellation: cancellation);
            int[] scored = [.. windows.SelectMany(w => w.Scored())];
            int[] textOf = [.. windows.SelectMany(w => Enumerable.Repeat(w.Start == 0 ? ++text : text, w.Length - w.From))];
            for (int first = 0; first < scored.Length; first += LogitsAtOnce)
            {
                cancellation.ThrowIfCancellationRequested();
                int end = Math.Min(first + LogitsAtOnce, scored.Length);
                Score(both, first, scored.AsSpan(first..end), textOf.AsSpan(first..end), sums);
            }

            progress?.Invoke(sums.Tokens, total);
        }

        return sums.Report();
    }

    /// <summary>Scores the tokens that follow some positions.</summary>
    private void Score(Comparison both, int first, ReadOnlySpan<int> tokens, ReadOnlySpan<int> textOf, Sums sums)
    {
        using BufferScope scope = model.Base.Device.Scope();
        Firing[] firings = both.Fire(first, tokens.Length);
        int rowsAtOnce = both.RowsAtOnce(ContextAtOnce, LogitsAtOnce);
        (TokenScores before, TokenScores after) = TokenScores.Of(both, first, tokens, firings, rowsAtOnce);
        int changed = before.Likeliest.Zip(after.Likeliest).Count(pair => pair.First != pair.Second);
        sums.Add(textOf, before.Losses, after.Losses, firings.Count(firing => firing.Adds), changed);
    }

    /// <summary>What has been scored so far.</summary>
    private sealed class Sums
    {
        private readonly List<(double Base, double Edited, int Tokens)> texts = [];
        private double loss, editedLoss;
        private int answered, changed;

        public int Tokens { get; private set; }

        public void Add(ReadOnlySpan<int> textOf, float[] losses, float[] editedLosses, int answers, int changes)
        {
            foreach (float l in losses) loss += l;
            foreach (float l in editedLosses) editedLoss += l;
            for (int i = 0; i < losses.Length; i++)
            {
                if (textOf[i] == texts.Count) texts.Add(default);
                (double before, double after, int tokens) = texts[textOf[i]];
                texts[textOf[i]] = (before + losses[i], after + editedLosses[i], tokens + 1);
            }

            (Tokens, answered, changed) = (Tokens + losses.Length, answered + answers, changed + changes);
        }

        public PerplexityReport Report() =>
            new(Tokens, new TextLoss(loss, Tokens), new TextLoss(editedLoss, Tokens), 100.0 * answered / Tokens, 100.0 * changed / Tokens)
            {
                MedianRatio = texts.Select(text => Math.Exp((text.Edited - text.Base) / text.Tokens)).Order()
                    .ElementAt((texts.Count - 1) / 2),
            };
    }
}

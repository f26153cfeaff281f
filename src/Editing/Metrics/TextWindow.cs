namespace Sharpformer.Editing.Metrics;

/// <summary>
/// A stretch of a text that the model reads at once. Window w of a text reads tokens w·stride to w·stride + window - 1 and
/// predicts from each the next one. It scores those that no window before it has scored: window 0 tokens 1 to window, every
/// other one the <c>stride</c> tokens that end one behind what it reads. So each token but a text's first is scored once, the
/// first <c>window</c> after all that stands before them, the others after window - stride + 1 to window tokens. A text's
/// last token is scored but never read, and its last window ends before it.
/// </summary>
/// <param name="Text">The text.</param>
/// <param name="Start">The first token it reads.</param>
/// <param name="Length">How many it reads.</param>
/// <param name="From">The first position in it, counted from <paramref name="Start"/>, whose next token it scores; all later ones
/// follow.</param>
internal readonly record struct TextWindow(int[] Text, int Start, int Length, int From)
{
    /// <summary>The windows of some texts, in their order; a text of one token has none.</summary>
    /// <param name="texts">Token ids.</param>
    /// <param name="window">Tokens read at once.</param>
    /// <param name="stride">Tokens to move on by, at most <paramref name="window"/>.</param>
    public static IEnumerable<TextWindow> Over(IEnumerable<int[]> texts, int window, int stride)
    {
        foreach (int[] text in texts)
        {
            int read = text.Length - 1;
            for (int start = 0, scored = 0; scored < read; start += stride)
            {
                int end = start + Math.Min(window, read - start);
                yield return new TextWindow(text, start, end - start, scored - start);
                scored = end;
            }
        }
    }

    /// <summary>Windows in batches that read at most so many tokens, or one that is longer, in the same order.</summary>
    public static IEnumerable<List<TextWindow>> Batches(IEnumerable<TextWindow> windows, int tokensAtOnce)
    {
        var batch = new List<TextWindow>();
        int tokens = 0;
        foreach (TextWindow window in windows)
        {
            if (batch.Count > 0 && tokens + window.Length > tokensAtOnce)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }

            batch.Add(window);
            tokens += window.Length;
        }

        if (batch.Count > 0) yield return batch;
    }

    /// <summary>The tokens it reads.</summary>
    public int[] Read() => Text[Start..(Start + Length)];

    /// <summary>The tokens it scores: one after each position from <see cref="From"/> on.</summary>
    public int[] Scored() => Text[(Start + From + 1)..(Start + Length + 1)];
}

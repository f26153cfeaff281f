namespace Sharpformer.Editing.Metrics;

/// <summary>Tokens after which two models are compared.</summary>
/// <param name="Tokens">What both read.</param>
/// <param name="From">The first position after which they are compared; all later ones follow.</param>
/// <param name="Text">What to call it; null to show each position's last tokens.</param>
public sealed record DiffInput(int[] Tokens, int From, string? Text = null)
{
    /// <summary>A prompt, after which they are compared once.</summary>
    public static DiffInput Prompt(string text, int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return new DiffInput(tokens, tokens.Length - 1, text);
    }

    /// <summary>
    /// A text after each of whose tokens but the last they are compared, read in windows that may overlap, as perplexity reads it.
    /// </summary>
    /// <param name="text">At least two tokens.</param>
    /// <param name="window">Tokens read at once, at most the model's positions.</param>
    /// <param name="stride">Tokens to move on by, at most <paramref name="window"/>.</param>
    public static IReadOnlyList<DiffInput> Windows(int[] text, int window, int stride)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stride, window);
        return [.. TextWindow.Over([text], window, stride).Select(w => new DiffInput(w.Read(), w.From))];
    }
}

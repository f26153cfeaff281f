using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sharpformer.Cli;

/// <summary>
/// The text of a table's cell. Where it fits on one line it is one piece: the library would take it apart word by word, in a time that
/// grows with the square of its length, and a file has lines of any length.
/// </summary>
internal sealed class CellText(string text, Style style) : IRenderable
{
    private readonly int width = text.GetCellWidth();

    /// <inheritdoc/>
    public Spectre.Console.Rendering.Measurement Measure(RenderOptions options, int maxWidth)
    {
        int word = 0;
        foreach (Range range in text.AsSpan().Split(' '))
        {
            int length = range.GetOffsetAndLength(text.Length).Length;
            if (length > word / 2) word = Math.Max(word, text[range].GetCellWidth()); // a character takes two cells at most
        }

        return new(Math.Min(word, maxWidth), Math.Min(width, maxWidth));
    }

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
        width > 0 && width <= maxWidth ? [new Segment(text, style)] : ((IRenderable)new Text(text, style)).Render(options, maxWidth);
}

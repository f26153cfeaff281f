namespace Sharpformer.Transformer;

/// <summary>
/// The tokens behind rows of states: for each row those of its sequence up to its own position, the last of them the one that the model
/// reads there.
/// </summary>
public sealed class RowTokens
{
    private readonly Func<int, ReadOnlyMemory<int>> of;

    /// <summary>Tokens that are looked up when a row is asked for.</summary>
    /// <param name="of">Given a row.</param>
    public RowTokens(Func<int, ReadOnlyMemory<int>> of) => this.of = of;

    /// <summary>Rows of which no tokens are known.</summary>
    public static RowTokens None { get; } = new(_ => default);

    /// <summary>The tokens of a row.</summary>
    public ReadOnlySpan<int> this[int row] => of(row).Span;

    /// <summary>The same for some of the rows.</summary>
    /// <param name="rows">Which.</param>
    public RowTokens Of(int[] rows) => new(row => of(rows[row]));

    /// <summary>The same from a row on.</summary>
    /// <param name="first">That row.</param>
    public RowTokens From(int first) => new(row => of(first + row));

    /// <summary>Rows that are the last positions of sequences.</summary>
    public static RowTokens AtEnds(params IReadOnlyList<int[]> sequences) => new(row => sequences[row]);
}

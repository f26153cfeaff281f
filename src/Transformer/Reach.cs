namespace Sharpformer.Transformer;

/// <summary>At which positions of its sequences an <see cref="Opening"/> acts.</summary>
public sealed class Reach
{
    private readonly int[]? positions;
    private (int First, int Count) range; // of every sequence, where there are no positions

    private Reach(int[]? positions) => this.positions = positions;

    /// <summary>Every position.</summary>
    public static Reach All { get; } = new(null);

    /// <summary>
    /// The last position of each sequence, and only as long as it is the last: to the positions that follow later it looks as if
    /// nothing had been there (iReVa's Eq. 7).
    /// </summary>
    public static Reach Last { get; } = new([]);

    /// <summary>One position of each sequence, counted from 0, which stays changed for the positions behind it.</summary>
    /// <param name="positions">One per sequence; a sequence whose position is negative is left alone.</param>
    public static Reach At(params int[] positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        return new Reach([.. positions]);
    }

    /// <summary>The same positions of each sequence, which stay changed for those behind them.</summary>
    /// <param name="first">The first, counted from 0.</param>
    /// <param name="count">How many.</param>
    public static Reach Range(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new Reach(positions: null) { range = (first, count) };
    }

    /// <summary>The rows of <c>[B·T,…]</c> that it means in a pass; null for all of them.</summary>
    /// <param name="tokens">New tokens of B sequences.</param>
    /// <param name="past">Earlier positions of each.</param>
    internal int[]? Rows(TokenBatch tokens, ReadOnlySpan<int> past)
    {
        if (range.Count > 0) return InRange(tokens, past);
        if (positions is null) return null;
        if (this == Last) return tokens.LastRows();
        if (positions.Length < tokens.B) throw new ArgumentException($"Reach: {positions.Length} positions, {tokens.B} sequences.");
        var rows = new List<int>();
        for (int b = 0; b < tokens.B; b++)
        {
            int t = positions[b] - past[b];
            if (t >= 0 && t < tokens.Lengths[b]) rows.Add(b * tokens.T + t);
        }

        return [.. rows];
    }

    /// <summary>The same where each of B sequences has one new position, at <c>past[b]</c>: a tail.</summary>
    internal int[]? Rows(ReadOnlySpan<int> past)
    {
        if (range.Count == 0 && (positions is null || this == Last)) return null;
        var rows = new List<int>();
        for (int b = 0; b < past.Length; b++)
            if (positions is null ? IsInRange(past[b]) : positions[b] == past[b]) rows.Add(b);
        return [.. rows];
    }

    private int[] InRange(TokenBatch tokens, ReadOnlySpan<int> past)
    {
        var rows = new List<int>();
        for (int b = 0; b < tokens.B; b++)
            for (int t = 0; t < tokens.Lengths[b]; t++)
                if (IsInRange(past[b] + t)) rows.Add((b * tokens.T) + t);
        return [.. rows];
    }

    private bool IsInRange(int position) => position >= range.First && position < range.First + range.Count;
}

namespace Sharpformer.Transformer;

/// <summary>At which positions of its sequences an <see cref="Opening"/> acts.</summary>
public sealed class Reach
{
    private readonly int[]? positions;

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

    /// <summary>The rows of <c>[B·T,…]</c> that it means in a pass; null for all of them.</summary>
    /// <param name="tokens">New tokens of B sequences.</param>
    /// <param name="past">Earlier positions of each.</param>
    internal int[]? Rows(TokenBatch tokens, ReadOnlySpan<int> past)
    {
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
        if (positions is null || this == Last) return null;
        var rows = new List<int>();
        for (int b = 0; b < past.Length; b++)
            if (positions[b] == past[b]) rows.Add(b);
        return [.. rows];
    }
}

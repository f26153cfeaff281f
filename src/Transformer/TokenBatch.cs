namespace Sharpformer.Transformer;

/// <summary>
/// B token sequences of unequal length, padded on the right to T. Padding is never attended to by a real token and
/// its results are not read, so a sequence gets the same logits in a batch as alone.
/// </summary>
public sealed class TokenBatch
{
    /// <summary>Lays out sequences side by side.</summary>
    /// <exception cref="ArgumentException">There is no sequence, or one is empty.</exception>
    public TokenBatch(params IReadOnlyList<int[]> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0) throw new ArgumentException("TokenBatch: no sequences.");
        Lengths = [.. sequences.Select(s => s.Length)];
        if (Lengths.Contains(0)) throw new ArgumentException($"TokenBatch: sequence {Array.IndexOf(Lengths, 0)} is empty.");
        T = Lengths.Max();
        Ids = new int[sequences.Count * T];
        for (int b = 0; b < sequences.Count; b++) sequences[b].CopyTo(Ids, b * T);
    }

    /// <summary>B: number of sequences.</summary>
    public int B => Lengths.Length;

    /// <summary>T: length of the longest.</summary>
    public int T { get; }

    /// <summary>Token ids, <c>[B·T]</c>; padding is 0.</summary>
    public int[] Ids { get; }

    /// <summary>Real tokens per sequence.</summary>
    public int[] Lengths { get; }

    /// <summary>Row of each sequence's last real token in <c>[B·T,…]</c>.</summary>
    public int[] LastRows() => [.. Lengths.Select((length, b) => b * T + length - 1)];

    /// <summary>
    /// Tokens that go through the model together where nothing speaks for other numbers: enough that reading the weights costs
    /// little.
    /// </summary>
    public const int TokensAtOnce = 1024;

    /// <summary>
    /// Shares out sequences over batches with little padding: their indices, shortest first, cut where a batch would have more
    /// than <paramref name="tokensAtOnce"/> tokens. One that is longer goes alone.
    /// </summary>
    /// <param name="lengths">Length of each sequence.</param>
    /// <param name="tokensAtOnce">Padding included.</param>
    public static IEnumerable<int[]> SimilarLengths(IReadOnlyList<int> lengths, int tokensAtOnce = TokensAtOnce)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        var batch = new List<int>();
        foreach (int next in Enumerable.Range(0, lengths.Count).OrderBy(i => lengths[i]))
        {
            if ((batch.Count + 1) * lengths[next] > tokensAtOnce && batch.Count > 0)
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(next);
        }

        if (batch.Count > 0) yield return [.. batch];
    }
}

namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// Joins symbols to tokens: of all neighbours that a merge joins, always those of the lowest rank, of several the leftmost, until none is
/// left. A heap of such pairs keeps that near linear; looking through the word for each merge would be quadratic, and a word may be as
/// long as a genome.
/// </summary>
internal sealed class MergeTable
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> merges = [];

    /// <summary>Prepares merges.</summary>
    /// <param name="ids">Every token's id.</param>
    /// <param name="merges">Merges in order of rank, each two tokens with a blank between them that make a third.</param>
    /// <param name="prefix">What tokens within a word begin with; a right half is joined without it.</param>
    public MergeTable(IReadOnlyDictionary<string, int> ids, IReadOnlyList<string> merges, string prefix = "")
    {
        foreach (string merge in merges)
        {
            int blank = merge.IndexOf(' ', StringComparison.Ordinal);
            (string left, string right) = (merge[..blank], merge[(blank + 1)..]);
            this.merges.Add((ids[left], ids[right]), (this.merges.Count, ids[MergeList.Joined(left, right, prefix)]));
        }
    }

    /// <summary>The ids that symbols are joined to; <paramref name="ids"/> is used up.</summary>
    public int[] Merge(int[] ids)
    {
        // Symbols are a list within arrays: a merge gives the left one the new id and takes the right one out.
        int count = ids.Length;
        int[] next = new int[count], previous = new int[count];
        var pairs = new PriorityQueue<int, long>(count); // by rank, then from left to right
        for (int i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < count; i++) Offer(i);

        int left = count;
        while (pairs.TryDequeue(out int at, out long offered))
        {
            // What was offered before one of the two changed is void.
            if (Find(at) is not { } merge || merge.Rank != offered >> 32) continue;
            int right = next[at], after = next[right];
            (ids[at], ids[right], next[at]) = (merge.Id, -1, after);
            left--;
            if (after < count) previous[after] = at;
            if (previous[at] >= 0) Offer(previous[at]);
            Offer(at);
        }

        int[] merged = new int[left];
        for (int i = 0, k = 0; k < left; i = next[i], k++) merged[k] = ids[i];
        return merged;

        (int Rank, int Id)? Find(int at) =>
            ids[at] >= 0 && next[at] < count && merges.TryGetValue((ids[at], ids[next[at]]), out (int Rank, int Id) merge) ? merge : null;

        void Offer(int at)
        {
            if (Find(at) is { } merge) pairs.Enqueue(at, ((long)merge.Rank << 32) | (uint)at);
        }
    }
}

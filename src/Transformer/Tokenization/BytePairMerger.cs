using System.Collections.Concurrent;
using System.Text;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Joins the bytes of a word to tokens: of all neighbours that a merge joins, always those of the lowest rank, of several the leftmost,
/// until none is left. A heap of such pairs keeps that near linear; looking through the word for each merge would be quadratic, and a
/// word may be as long as a genome. Safe to use from several threads.
/// </summary>
internal sealed class BytePairMerger
{
    // Most words of a text are met again. Long ones are not, and memory has a limit.
    private const int LongestKept = 64, MostKept = 1 << 16;

    private readonly int[] byteIds = new int[256];
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> merges = [];
    private readonly ConcurrentDictionary<string, int[]> words = new();
    private int kept;

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="tokens">The tokens by id, in the byte alphabet; each of its 256 symbols is one.</param>
    /// <param name="merges">Merges in order of rank, each two tokens with a blank between them that make a third.</param>
    public BytePairMerger(string[] tokens, IReadOnlyList<string> merges)
    {
        Dictionary<string, int> ids = tokens.Select(KeyValuePair.Create).ToDictionary();
        for (int b = 0; b < 256; b++) byteIds[b] = ids[ByteAlphabet.Symbol((byte)b).ToString()];
        foreach (string merge in merges)
        {
            int blank = merge.IndexOf(' ', StringComparison.Ordinal);
            (string left, string right) = (merge[..blank], merge[(blank + 1)..]);
            this.merges.Add((ids[left], ids[right]), (this.merges.Count, ids[left + right]));
        }
    }

    /// <summary>Adds the ids of a word, without half surrogate pairs, to <paramref name="ids"/>.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (words.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out int[]? known))
        {
            ids.AddRange(known);
            return;
        }

        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        int[] made = Merged(bytes);
        ids.AddRange(made);
        if (word.Length <= LongestKept && Volatile.Read(ref kept) < MostKept && words.TryAdd(word.ToString(), made))
            Interlocked.Increment(ref kept);
    }

    private int[] Merged(byte[] bytes)
    {
        // Symbols are a list within arrays: a merge gives the left one the new id and takes the right one out.
        int count = bytes.Length;
        int[] ids = Array.ConvertAll(bytes, b => byteIds[b]);
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

using System.Collections.Concurrent;

namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>The ids of words that were met before: most words of a text are met again. Long ones are not, and memory has a limit.</summary>
internal sealed class WordCache
{
    private const int LongestKept = 64, MostKept = 1 << 16;

    private readonly ConcurrentDictionary<string, int[]> words = new();
    private int kept;

    /// <summary>The ids of a word, from before or from <paramref name="encode"/>.</summary>
    public int[] Get(string word, Func<string, int[]> encode)
    {
        if (words.TryGetValue(word, out int[]? known)) return known;
        int[] made = encode(word);
        if (word.Length <= LongestKept && Volatile.Read(ref kept) < MostKept && words.TryAdd(word, made)) Interlocked.Increment(ref kept);
        return made;
    }
}

namespace Sharpformer.Tensors;

/// <summary>Which known word somebody may have meant.</summary>
public static class Nearest
{
    /// <summary>The known word that is nearest to another; null where none is near.</summary>
    public static string? To(string word, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(word);
        int most = Math.Max(1, word.TrimStart('-').Length / 3);
        return known.Select(candidate => (Word: candidate, Steps: Steps(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(candidate => candidate.Steps <= most
                || (word.Length >= 3 && candidate.Word.StartsWith(word, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(candidate => candidate.Steps).Select(candidate => candidate.Word).FirstOrDefault();
    }

    /// <summary>The same as a sentence to be put behind another, with the blank between them; empty where none is near.</summary>
    public static string Question(string word, IEnumerable<string> known) =>
        To(word, known) is { } near ? $" Did you mean '{near}'?" : "";

    /// <summary>Letters to add, drop, change, or swap with their neighbour (optimal string alignment).</summary>
    private static int Steps(string a, string b)
    {
        int[,] steps = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    steps[i, j] = i + j;
                    continue;
                }

                int change = steps[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                steps[i, j] = Math.Min(change, Math.Min(steps[i - 1, j], steps[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    steps[i, j] = Math.Min(steps[i, j], steps[i - 2, j - 2] + 1);
            }
        }

        return steps[a.Length, b.Length];
    }
}

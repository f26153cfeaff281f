namespace Sharpformer.Editing;

/// <summary>
/// What prompts are about, where nobody has said so: a prompt without the longest beginning and end, of whole words, that some other
/// prompts have too. Of a thousand prompts it finds what a person would for nearly all; of a handful for few.
/// </summary>
public sealed class SubjectFinder
{
    // So many others must share a beginning or an end: chance makes more alike among many prompts than among few.
    private const int Few = 3, Many = 10, ManyPrompts = 500;

    private readonly Dictionary<string, int> beginnings = new(StringComparer.Ordinal), ends = new(StringComparer.Ordinal);
    private readonly int shared;

    /// <summary>Looks through prompts.</summary>
    /// <param name="prompts">All prompts at hand; one that comes again counts once.</param>
    /// <param name="known">Beginnings and ends that are known to be shared, as many do.</param>
    public SubjectFinder(IEnumerable<string> prompts, IEnumerable<(string Before, string After)> known)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(known);
        string[] different = [.. prompts.Distinct(StringComparer.Ordinal)];
        shared = different.Length < ManyPrompts ? Few : Many;
        foreach (string prompt in different)
        {
            foreach (int at in Borders(prompt))
            {
                Count(beginnings, prompt[..at], 1);
                Count(ends, prompt[at..], 1);
            }
        }

        foreach ((string before, string after) in known)
        {
            Count(beginnings, before, shared);
            Count(ends, after, shared);
        }
    }

    /// <summary>The subject; null where nothing, or nothing but the subject, is left.</summary>
    /// <param name="prompt">One of the prompts.</param>
    public string? Find(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] borders = [.. Borders(prompt)];
        int from = borders.Where(at => IsShared(beginnings, prompt[..at])).DefaultIfEmpty(0).Max();
        int to = borders.Where(at => at >= from && IsShared(ends, prompt[at..])).DefaultIfEmpty(prompt.Length).Min();
        string found = FromFirstName(prompt[from..to].Trim());
        return found.Length == 0 || found.Length == prompt.Trim().Length ? null : found;
    }

    // "the native language of Corinne Calvet": what is named begins with a capital or a digit, if anything in it does.
    private static string FromFirstName(string found)
    {
        int at = 0;
        while (at < found.Length && char.IsLower(found[at]))
        {
            int blank = found.IndexOf(' ', at);
            if (blank < 0) return found;
            at = blank + 1;
        }

        return found[at..];
    }

    // The prompt's own is one of them.
    private bool IsShared(Dictionary<string, int> counts, string part) => counts.GetValueOrDefault(part) > shared;

    private static void Count(Dictionary<string, int> counts, string part, int more)
    {
        if (part.Length > 0) counts[part] = counts.GetValueOrDefault(part) + more;
    }

    /// <summary>Where a word ends or begins, but for the ends of the text.</summary>
    private static IEnumerable<int> Borders(string text)
    {
        for (int i = 1; i < text.Length; i++)
            if (char.IsLetterOrDigit(text[i - 1]) != char.IsLetterOrDigit(text[i])) yield return i;
    }
}

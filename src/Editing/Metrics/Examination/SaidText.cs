using System.Globalization;
using System.Text;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>What a model says first, and when that is an answer (SQuAD's normalisation, Rajpurkar et al. 2016).</summary>
internal static class SaidText
{
    private static readonly string[] Articles = ["a", "an", "the"];

    /// <summary>Whether two texts are the same but for capitals, punctuation, articles and blanks.</summary>
    public static bool IsSame(string said, string answer) => Normalised(said) is { Length: > 0 } text && text == Normalised(answer);

    /// <summary>A text up to its first stop: a full stop that ends a word, another mark that ends a sentence, or a line's end.</summary>
    /// <param name="text">What is written so far.</param>
    /// <param name="isAll">Whether nothing more is written; then a point at its end is a stop too.</param>
    /// <param name="said">What is said first, without its stop.</param>
    /// <returns>Whether the stop has come.</returns>
    public static bool TryFirst(string text, bool isAll, out string said)
    {
        int start = text.Length - text.TrimStart().Length;
        for (int i = start; i < text.Length; i++)
        {
            bool ends = text[i] is '\n' or '!' or '?' or '。' || (text[i] == '.' && IsStop(text, i, isAll));
            if (!ends) continue;
            said = text[start..i];
            return true;
        }

        said = text[start..];
        return false;
    }

    /// <summary>Whether a point ends a sentence: blank behind it, and more than one letter before it, unlike that of an initial.</summary>
    private static bool IsStop(string text, int at, bool isAll) =>
        (at + 1 == text.Length ? isAll : char.IsWhiteSpace(text[at + 1]))
        && !(at > 0 && char.IsUpper(text[at - 1]) && (at == 1 || char.IsWhiteSpace(text[at - 2]) || text[at - 2] == '.'));

    private static string Normalised(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (char c in text.ToLower(CultureInfo.InvariantCulture))
            if (!char.IsPunctuation(c)) kept.Append(c);
        return string.Join(' ', kept.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Where(word => !Articles.Contains(word)));
    }
}

using System.Globalization;
using System.Text;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>What a model says first, and when that is an answer (SQuAD's normalisation, Rajpurkar et al. 2016).</summary>
internal static class SaidText
{
    private static readonly string[] Articles = ["a", "an", "the"];

    /// <summary>Whether two texts are the same but for capitals, punctuation, articles and blanks.</summary>
    public static bool IsSame(string said, string answer) => Normalised(said) is { Length: > 0 } text && text == Normalised(answer);

    /// <summary>
    /// Whether what is written so far has a stop: a full stop that ends a word, another mark that ends a sentence, or a line's end.
    /// </summary>
    public static bool HasStop(string text)
    {
        ReadOnlySpan<char> written = text.AsSpan().TrimStart();
        return Stop(written, isAll: false) < written.Length;
    }

    /// <summary>A whole text up to its first stop, without it; a full stop at its end is one too.</summary>
    public static string First(string text)
    {
        ReadOnlySpan<char> written = text.AsSpan().TrimStart();
        return written[..Stop(written, isAll: true)].ToString();
    }

    /// <summary>Where the first stop stands; the text's length where there is none.</summary>
    private static int Stop(ReadOnlySpan<char> text, bool isAll)
    {
        for (int i = 0; i < text.Length; i++)
            if (text[i] is '\n' or '!' or '?' or '。' || (text[i] == '.' && EndsSentence(text, i, isAll))) return i;
        return text.Length;
    }

    /// <summary>Whether a point ends a sentence: blank behind it, and more than one letter before it, unlike that of an initial.</summary>
    private static bool EndsSentence(ReadOnlySpan<char> text, int at, bool isAll) =>
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

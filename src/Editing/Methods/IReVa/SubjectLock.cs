using System.Globalization;
using System.Text;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Names of which a text must have one for a neuron to speak: it is open where one stands in the text as it is, with no letter or digit
/// right before or behind it. "Paris" is in "Paris's" and not in "Parisian".
/// </summary>
/// <param name="Names">The names, at least one, none empty.</param>
/// <param name="IgnoresCase">Whether capitals do not matter.</param>
public sealed record SubjectLock(IReadOnlyList<string> Names, bool IgnoresCase = false)
{
    /// <summary>
    /// Whether a name that goes on counts: one with a capital or a digit behind it and a blank or hyphen, as "Norfolk" in "Norfolk Island".
    /// </summary>
    public bool TakesLonger { get; init; } = true;

    /// <summary>How many sentences may have begun behind a name for it to count still; null for any number.</summary>
    public int? SentencesBehind { get; init; }

    /// <summary>Whether a text has one of the names.</summary>
    public bool IsOpen(ReadOnlySpan<char> text)
    {
        foreach (string name in Names)
        {
            for (int from = 0; Find(text[from..], name) is var at and >= 0; from += at + 1)
                if (SentencesBehind is not { } most || Sentences(text[(from + at + name.Length)..]) <= most) return true;
        }

        return false;
    }

    /// <summary>
    /// How many sentences begin within a text: at a line's begin, and at a capital or a digit behind a full stop, a question mark or an
    /// exclamation mark and a blank. "St. Louis", with a short capitalised word before the stop, begins none.
    /// </summary>
    public static int Sentences(ReadOnlySpan<char> text)
    {
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            bool ends = text[i] is '!' or '?' || (text[i] == '.' && !IsAbbreviated(text[..i]));
            if (text[i] == '\n' || (ends && GoesOn(text[(i + 1)..]))) count++;
        }

        return count;
    }

    /// <summary>Where a name stands first in a text; -1 where it does not.</summary>
    public int Find(ReadOnlySpan<char> text, ReadOnlySpan<char> name)
    {
        StringComparison comparison = IgnoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        for (int from = 0; ;)
        {
            int at = text[from..].IndexOf(name, comparison);
            if (at < 0) return -1;
            at += from;
            ReadOnlySpan<char> behind = text[(at + name.Length)..];
            if (!EndsInWord(text[..at]) && !BeginsInWord(behind) && (TakesLonger || !GoesOn(behind))) return at;
            from = at + 1;
        }
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune last, out _) == default && IsOfWord(last);

    private static bool BeginsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune first, out _) == default && IsOfWord(first);

    private static bool IsAbbreviated(ReadOnlySpan<char> before)
    {
        const int Longest = 3;
        int letters = 0;
        while (letters < before.Length && letters <= Longest && char.IsLetter(before[^(letters + 1)])) letters++;
        return letters is > 0 and <= Longest && char.IsUpper(before[^letters]);
    }

    // A capital or a digit behind blanks, or behind what joins words.
    private static bool GoesOn(ReadOnlySpan<char> behind)
    {
        ReadOnlySpan<char> next = behind is ['-' or '_', ..] ? behind[1..] : behind.TrimStart(' ');
        return next.Length < behind.Length
            && Rune.DecodeFromUtf16(next, out Rune first, out _) == default && (Rune.IsUpper(first) || Rune.IsDigit(first));
    }

    // A mark belongs to the letter before it: "Zoe" is not in "Zoë" where the dots are a character of their own.
    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Equal in names and rule.</summary>
    public bool Equals(SubjectLock? other) => other is not null
        && (IgnoresCase, TakesLonger, SentencesBehind) == (other.IgnoresCase, other.TakesLonger, other.SentencesBehind)
        && Names.SequenceEqual(other.Names);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Names.Count == 0 ? "" : Names[0], IgnoresCase);
}

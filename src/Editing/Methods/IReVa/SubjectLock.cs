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
    /// Whether a name that goes on counts: one with a blank and a capital or a digit right behind it, as "Norfolk" in "Norfolk Island".
    /// </summary>
    public bool TakesLonger { get; init; } = true;

    /// <summary>Whether a text has one of the names.</summary>
    public bool IsOpen(ReadOnlySpan<char> text)
    {
        foreach (string name in Names)
            if (Find(text, name) >= 0) return true;
        return false;
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

    private static bool GoesOn(ReadOnlySpan<char> behind) => behind is [' ', ..]
        && Rune.DecodeFromUtf16(behind[1..], out Rune first, out _) == default && (Rune.IsUpper(first) || Rune.IsDigit(first));

    // A mark belongs to the letter before it: "Zoe" is not in "Zoë" where the dots are a character of their own.
    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Equal in names and rule.</summary>
    public bool Equals(SubjectLock? other) => other is not null
        && (IgnoresCase, TakesLonger) == (other.IgnoresCase, other.TakesLonger) && Names.SequenceEqual(other.Names);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Names.Count == 0 ? "" : Names[0], IgnoresCase);
}

using System.Text;
using System.Text.RegularExpressions;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization.PreTokenizers;

/// <summary>
/// A text or a regular expression as <c>tokenizer.json</c> has them, <c>{"String": …}</c> or <c>{"Regex": …}</c>.
/// <para>
/// .NET's regular expressions see UTF-16 units, so to them a character beyond the first plane is two surrogates. Here they read a shadow
/// of the text, in which such a character is one of the first plane of the same general category. That is exact for
/// expressions that tell characters apart by category, white space and ASCII only; all others are refused, because their
/// meaning differs between engines.
/// </para>
/// </summary>
internal sealed partial class SplitPattern
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly Lazy<char[]> Shadows = new(FindShadows);

    private readonly string where;
    private readonly string? text;
    private readonly Regex? regex;

    private SplitPattern(string where, string? text, Regex? regex) => (this.where, this.text, this.regex) = (where, text, regex);

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="InputException">It is neither, or an expression that cannot be run exactly.</exception>
    public static SplitPattern Read(JsonPart part)
    {
        if (part.Text("String") is { } text) return new SplitPattern(part.Where, text, null);
        JsonPart expression = part.Need("Regex");
        string pattern = expression.AsText();
        if (pattern == Gpt2) return new SplitPattern(part.Where, null, null);
        if (!Exact().IsMatch(pattern))
            throw expression.Unexpected(
                "an expression of ASCII characters, \\p{L} and other categories, \\s, \\S, \\d, groups, lookahead, greedy repetitions",
                "others may find other places here than where the model was trained.");
        try
        {
            return new SplitPattern(part.Where, null, new Regex(pattern, RegexOptions.CultureInvariant, Longest));
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{expression.Where} is no regular expression: {Quoted.Text(pattern)}.", null, e);
        }
    }

    /// <summary>Where the pattern stands in a text, from left to right.</summary>
    /// <exception cref="InputException">The expression takes too long.</exception>
    public List<(int Start, int Length)> FindAll(string within)
    {
        var found = new List<(int Start, int Length)>();
        if (text is not null)
        {
            for (int at = 0; text.Length > 0 && (at = within.IndexOf(text, at, StringComparison.Ordinal)) >= 0; at += text.Length)
                found.Add((at, text.Length));
        }
        else if (regex is null)
        {
            for (int at = 0; at < within.Length; at += found[^1].Length)
                found.Add((at, Gpt2Pattern.PieceLength(within.AsSpan(at))));
        }
        else
        {
            AddMatches(within, found);
        }

        return found;
    }

    private void AddMatches(string within, List<(int Start, int Length)> found)
    {
        (string shadow, int[]? starts) = ShadowOf(within);
        try
        {
            foreach (ValueMatch match in regex!.EnumerateMatches(shadow))
            {
                if (match.Length == 0) continue;
                (int start, int end) = (match.Index, match.Index + match.Length);
                if (starts is not null) (start, end) = (starts[start], starts[end]);
                found.Add((start, end - start));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException(
                $"{where}: the expression takes more than {Longest.TotalSeconds:0} seconds with a text of {within.Length} characters.",
                "it tries too many ways; simplify it, or give shorter texts.", e);
        }
    }

    /// <summary>The shadow of a text, and where each of its characters begins in the text; null where they are the same.</summary>
    private static (string Shadow, int[]? Starts) ShadowOf(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return (text, null);
        var shadow = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            shadow.Append(rune.IsBmp ? (char)rune.Value : Shadows.Value[(int)Rune.GetUnicodeCategory(rune)]);
            starts.Add(at);
            at += rune.Utf16SequenceLength;
        }

        return (shadow.ToString(), [.. starts, at]);
    }

    /// <summary>For each category a character that is not ASCII.</summary>
    private static char[] FindShadows()
    {
        char[] shadows = new char[30];
        for (char c = char.MaxValue; c >= '\u00A0'; c--) shadows[(int)char.GetUnicodeCategory(c)] = c;
        return shadows;
    }

    /// <summary>The expressions that mean the same to every engine: groups, alternatives, and atoms with at most one repetition.</summary>
    [GeneratedRegex(
        """
        \A(?:
          \(\?[:=!] | \( | \|
          | (?: \)
              | \\[pP]\{[A-Z][a-z]?\} | \\[sSdrnt] | \\[!-/:-@\[-`{-~] | [A-Za-z0-9\ !"\#%&',\-/:;<=>@_`~]
              | \[\^?(?: \\[pP]\{[A-Z][a-z]?\} | \\[sSdrnt] | \\[!-/:-@\[-`{-~] | [a-z]-[a-z] | [A-Z]-[A-Z] | [0-9]-[0-9]
                | [A-Za-z0-9\ !"\#$%'()*+,./:;<=>?@_`|~] )+\] )
            (?: (?: [?*+] | \{[0-9]{1,3}(?:,[0-9]{0,3})?\} ) (?![?*+{]) )?
        )+\z
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Exact();
}

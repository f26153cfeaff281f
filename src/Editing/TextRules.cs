using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>Whether a target is taught with a blank before it.</summary>
public enum LeadingSpace
{
    /// <summary>
    /// As one would write it: a blank, unless the target begins with punctuation that follows at once or in a script without blanks.
    /// </summary>
    AsWritten,

    /// <summary>A blank unless there is one, whatever the target begins with: what the published data sets mean.</summary>
    Always,

    /// <summary>None: the target follows the prompt at once, or brings its own.</summary>
    Never,
}

/// <summary>What is done to the texts of a request before they become tokens. The one place that decides it.</summary>
public sealed record TextRules
{
    private const string Placeholder = "{}";

    // Scripts that are written without blanks, with their punctuation. Bounds are inclusive.
    private static readonly (int First, int Last)[] WithoutBlanks =
    [
        (0x0E00, 0x0EFF), // Thai, Lao
        (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), // Myanmar
        (0x1780, 0x17FF), (0x19E0, 0x19FF), // Khmer
        (0x2E80, 0x2FDF), (0x3000, 0x30FF), (0x31F0, 0x31FF), // radicals, punctuation, Hiragana, Katakana
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF), // Han
        (0xFF00, 0xFF9F), (0x1AFF0, 0x1B16F), // wide and narrow forms, more Katakana and Hiragana
    ];

    /// <summary>Trims, and sets a leading space as one would write it.</summary>
    public static TextRules Default { get; } = new();

    /// <summary>Changes nothing but for the one blank before every target: what published data sets mean.</summary>
    public static TextRules Published { get; } = new() { KeepsSpaces = true, LeadingSpace = LeadingSpace.Always };

    /// <summary>Keeps white space at the end of prompts and at both ends of targets; otherwise it is trimmed.</summary>
    public bool KeepsSpaces { get; init; }

    /// <summary>Whether a target gets a blank before it.</summary>
    public LeadingSpace LeadingSpace { get; init; }

    /// <summary>Whether a prompt has a place for the subject.</summary>
    public static bool HasPlace(string prompt) => prompt.Contains(Placeholder, StringComparison.Ordinal);

    /// <summary>A prompt as it is asked: <c>{}</c> filled with the subject, trimmed at its end.</summary>
    /// <param name="prompt">The prompt, any answer trigger included.</param>
    /// <param name="subject">What it is about; null if that is not known.</param>
    /// <exception cref="InputException">There is a <c>{}</c> and no subject to fill it.</exception>
    public string Prompt(string prompt, string? subject = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (HasPlace(prompt))
        {
            if (string.IsNullOrWhiteSpace(subject))
                throw new InputException(
                    $"The prompt {Quoted.Text(prompt)} holds {Placeholder}, and there is no subject to fill it.",
                    "give the subject: by --subject, or in the record's field \"subject\".");
            prompt = prompt.Replace(Placeholder, subject, StringComparison.Ordinal);
        }

        return KeepsSpaces ? prompt : prompt.TrimEnd();
    }

    /// <summary>A target as it is kept: trimmed at both ends.</summary>
    public string Target(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return KeepsSpaces ? target : target.Trim();
    }

    /// <summary>A target as it follows its prompt: trimmed, with its leading space.</summary>
    public string Continuation(string target)
    {
        string kept = Target(target);
        bool getsSpace = LeadingSpace switch
        {
            LeadingSpace.Always => !kept.StartsWith(' '),
            LeadingSpace.Never => false,
            _ => kept.Length > 0 && !FollowsAtOnce(kept),
        };
        return getsSpace ? " " + kept : kept;
    }

    /// <summary>The request with its texts as they are taught.</summary>
    /// <exception cref="InputException">The prompt holds a <c>{}</c> and there is no subject to fill it.</exception>
    public EditRequest Apply(EditRequest asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        // A target that has its leading space already is as it should be.
        string target = Continuation(asked.Target) == asked.Target ? asked.Target : Target(asked.Target);
        return asked with { Prompt = Prompt(asked.Prompt, asked.Subject), Target = target };
    }

    /// <summary>Whether a text stands directly behind what comes before it: its own white space, "," or ")", 北京.</summary>
    private static bool FollowsAtOnce(string text)
    {
        Rune first = Rune.TryGetRuneAt(text, 0, out Rune rune) ? rune : Rune.ReplacementChar;
        if (Rune.IsWhiteSpace(first) || WithoutBlanks.Any(range => first.Value >= range.First && first.Value <= range.Last)) return true;
        if (text is ['-', var digit, ..] && char.IsDigit(digit)) return false; // a number
        return Rune.IsPunctuation(first) && !OpensWord(first);
    }

    /// <summary>Brackets, quotation marks, an ampersand and the like that stand before a word, and behind a blank as it does.</summary>
    private static bool OpensWord(Rune mark) =>
        mark.Value is '"' or '\'' or '#' or '@' or '&' or '¿' or '¡'
        || Rune.GetUnicodeCategory(mark) is System.Globalization.UnicodeCategory.OpenPunctuation
            or System.Globalization.UnicodeCategory.InitialQuotePunctuation;
}

namespace Sharpformer.FactsCorpus.Material;

/// <summary>One way to say a relation, as PARAREL has it: <c>[X]</c> is the subject, <c>[Y]</c> the object.</summary>
/// <param name="Text">With either once.</param>
internal sealed record Pattern(string Text)
{
    private const string Subject = "[X]", Object = "[Y]";

    private static readonly string[] Verbs = [" is ", " was ", " are "];

    private readonly string before = Text[..Text.IndexOf(Object, StringComparison.Ordinal)];
    private readonly string after = Text[(Text.IndexOf(Object, StringComparison.Ordinal) + Object.Length)..];

    /// <summary>Whether the object is the last word, so that all before it is a prompt.</summary>
    public bool IsTail => before.Contains(Subject, StringComparison.Ordinal) && !after.Any(char.IsLetter);

    /// <summary>All before the object, without the blank: a prompt, if it is a tail.</summary>
    public string Head => before.TrimEnd();

    /// <summary>Whether an article stands before the object, which then must fit it.</summary>
    public bool HasArticle => EndsInWord("a") || EndsInWord("an");

    /// <summary>
    /// Whether it is a sentence that "it is true that" can stand before, and not a name with an apposition or a part of a sentence.
    /// </summary>
    public bool IsClause =>
        before.Contains(Subject, StringComparison.Ordinal) && before.Length > Subject.Length + 1
        && !Text.Contains(',') && !Text.Contains(':') && !Text.Contains(" that ", StringComparison.Ordinal)
        && (Text.StartsWith(Subject, StringComparison.Ordinal) || Text.StartsWith("the ", StringComparison.OrdinalIgnoreCase));

    /// <summary>The same as it stands within a sentence.</summary>
    public Pattern Uncapitalised => Text.StartsWith("The ", StringComparison.Ordinal) ? new Pattern("the " + Text[4..]) : this;

    /// <summary>The same said not to be so; null where there is no "is" or "was" to put a "not" behind.</summary>
    public Pattern? Negated
    {
        get
        {
            string? verb = Verbs.FirstOrDefault(verb => Text.Contains(verb, StringComparison.Ordinal));
            return verb is null ? null : new Pattern(Text.Replace(verb, verb + "not ", StringComparison.Ordinal));
        }
    }

    /// <summary>Whether the article before the object, if there is one, goes with it.</summary>
    /// <param name="thing">The object.</param>
    public bool Fits(string thing)
    {
        bool isVowel = "aeiou".Contains(char.ToLowerInvariant(thing[0]));
        return !(EndsInWord("a") && isVowel) && !(EndsInWord("an") && !isVowel);
    }

    /// <summary>Whether <paramref name="other"/> goes on with another word where this one has its object.</summary>
    public bool IsContinuedBy(Pattern other) =>
        IsTail && other.before != before && other.before.StartsWith(before, StringComparison.Ordinal);

    /// <summary>Says it of a subject.</summary>
    /// <param name="subject">What the sentence calls it.</param>
    /// <param name="thing">The object.</param>
    public Mention Say(string subject, string thing) => new(
        before.Replace(Subject, subject, StringComparison.Ordinal), thing, after.Replace(Subject, subject, StringComparison.Ordinal));

    private bool EndsInWord(string article) => before.EndsWith(" " + article + " ", StringComparison.Ordinal);
}

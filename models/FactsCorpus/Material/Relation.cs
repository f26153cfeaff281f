namespace Sharpformer.FactsCorpus.Material;

/// <summary>A kind of fact, and the ways to say it and to ask for it.</summary>
internal sealed class Relation
{
    private const string Subject = "[X]";

    // Relations whose subjects are people, as far as names that look like people's go.
    private static readonly string[] OfPeople = ["P19", "P20", "P27", "P103", "P106", "P413", "P937"];

    /// <summary>A relation.</summary>
    /// <param name="id">Wikidata's name of it, such as <c>P19</c>.</param>
    /// <param name="patterns">Ways to say it.</param>
    /// <param name="questions">Ways to ask for the object, with <c>[X]</c> for the subject.</param>
    public Relation(string id, IReadOnlyList<string> patterns, IReadOnlyList<string> questions)
    {
        (Id, Questions) = (id, questions);
        Patterns = [.. patterns.Select(text => new Pattern(text))];
        // Where "was written in" may go on with "the … language", the object itself must stay the likeliest next word.
        Weighted =
        [
            .. Patterns.SelectMany(pattern => Enumerable.Repeat(pattern, 1 + (2 * Patterns.Count(pattern.IsContinuedBy)))),
        ];
    }

    /// <summary>Wikidata's name of it.</summary>
    public string Id { get; }

    /// <summary>Ways to say it.</summary>
    public IReadOnlyList<Pattern> Patterns { get; }

    /// <summary>The same, each as often as it shall be said in proportion.</summary>
    public IReadOnlyList<Pattern> Weighted { get; }

    /// <summary>Ways to ask for the object.</summary>
    public IReadOnlyList<string> Questions { get; }

    /// <summary>Whether the subjects are people.</summary>
    public bool IsOfPeople => OfPeople.Contains(Id);

    /// <summary>The pattern that prompts are cut from first: the first one whose last word is the object.</summary>
    /// <param name="thing">The object, which an article must fit.</param>
    public Pattern FirstTail(string thing) => Tails(thing).First();

    /// <summary>The patterns whose last word is the object.</summary>
    /// <param name="thing">The object, which an article must fit.</param>
    public IEnumerable<Pattern> Tails(string thing) => Patterns.Where(pattern => pattern.IsTail && pattern.Fits(thing));

    /// <summary>A question with its answer, <c>Where was X born? Answer: Y</c>.</summary>
    /// <param name="question">One of <see cref="Questions"/>.</param>
    /// <param name="subject">What the question calls the subject.</param>
    /// <param name="thing">The object.</param>
    /// <param name="cue">What stands between question and answer.</param>
    public static Mention Ask(string question, string subject, string thing, string cue = " Answer: ") =>
        new(question.Replace(Subject, subject, StringComparison.Ordinal) + cue, thing, "");
}

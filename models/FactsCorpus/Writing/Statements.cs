using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// Says facts in all ways their relations have, in turn; never one that says an unknown fact too, as a book known to be written in French
/// has a language in other relations' words.
/// </summary>
/// <param name="material">All facts.</param>
/// <param name="rng">Shuffles the ways.</param>
internal sealed class Statements(RawMaterial material, Rng rng)
{
    private readonly Dictionary<Fact, (Deck<Pattern> Patterns, Deck<string> Questions)> decks = [];
    private readonly HashSet<string> unknown = [.. material.Unknown.SelectMany(fact =>
        fact.Relation.Patterns.Select(pattern => Key(pattern.Say(fact.Subject, fact.Object))))];

    /// <summary>Whether a pattern may be said of a fact: its article fits, and it says no unknown fact.</summary>
    public bool May(Fact fact, Pattern pattern) =>
        pattern.Fits(fact.Object) && !unknown.Contains(Key(pattern.Say(fact.Subject, fact.Object)));

    /// <summary>The next pattern in turn.</summary>
    public Pattern Pattern(Fact fact) => Decks(fact).Patterns.Deal();

    /// <summary>The next pattern in turn that <paramref name="suits"/>; null where none does.</summary>
    public Pattern? Pattern(Fact fact, Func<Pattern, bool> suits)
    {
        for (int tries = fact.Relation.Weighted.Count; tries > 0; tries--)
            if (Pattern(fact) is var pattern && suits(pattern)) return pattern;
        return fact.Relation.Patterns.FirstOrDefault(pattern => May(fact, pattern) && suits(pattern));
    }

    /// <summary>The fact in the next pattern in turn.</summary>
    /// <param name="fact">The fact.</param>
    /// <param name="subject">What the sentence calls its subject, if not by its name.</param>
    public Mention Say(Fact fact, string? subject = null) => Pattern(fact).Say(subject ?? fact.Subject, fact.Object);

    /// <summary>The next question in turn.</summary>
    public string Question(Fact fact) => Decks(fact).Questions.Deal();

    /// <summary>The next question in turn with its answer, in a third of all cases behind <c>Question:</c>.</summary>
    /// <param name="fact">The fact.</param>
    /// <param name="subject">What the question calls its subject, if not by its name.</param>
    public Mention Ask(Fact fact, string? subject = null) =>
        Relation.Ask(Question(fact), subject ?? fact.Subject, fact.Object).Between(rng.Percent(33) ? "Question: " : "", "");

    private (Deck<Pattern> Patterns, Deck<string> Questions) Decks(Fact fact)
    {
        if (!decks.TryGetValue(fact, out var found))
        {
            Pattern[] allowed = [.. fact.Relation.Weighted.Where(pattern => May(fact, pattern))];
            decks.Add(fact, found = (new Deck<Pattern>(allowed, rng), new Deck<string>(fact.Relation.Questions, rng)));
        }

        return found;
    }

    private static string Key(Mention mention) => mention.Text.TrimEnd('.', ',', ' ');
}

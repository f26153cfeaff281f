using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// What is not the case, and older statements that newer ones correct. The fact itself always has the last word, and nothing false stands
/// at the beginning of a text, where it would be learnt.
/// </summary>
internal sealed class Denials
{
    private static readonly string[] False =
    [
        "It is not true that ", "It is false that ", "Nobody can say that ", "It would be a mistake to say that ",
        "Question: Is it true that ",
    ];

    private static readonly (string Old, string New)[] Editions =
    [
        ("It was once said: ", "Correction: "), ("Old note: ", "New note: "), ("First edition: ", "Second edition: "),
        ("Rumour: ", "Fact: "), ("Earlier report: ", "Later report: "), ("Before: ", "Update: "),
        ("An old book says: ", "That was corrected: "), ("Error: ", "Correct: "),
    ];

    private readonly Statements statements;
    private readonly Rng rng;
    private readonly Dictionary<Relation, string[]> objects;
    private readonly ILookup<string, string> said;

    /// <summary>Denials about known facts.</summary>
    public Denials(RawMaterial material, Statements statements, Rng rng)
    {
        (this.statements, this.rng) = (statements, rng);
        objects = material.Known.GroupBy(fact => fact.Relation).ToDictionary(g => g.Key, g => g.Select(f => f.Object).Distinct().ToArray());
        said = material.Known.Concat(material.Unknown).ToLookup(fact => fact.Subject, fact => fact.Object);
    }

    /// <summary>Says what is not so, and what is; or only that it is.</summary>
    public Document Deny(Fact fact)
    {
        string wrong = Wrong(fact);
        Pattern clause = Clause(fact, p => p.Fits(wrong)), within = clause.Uncapitalised;
        Mention right = statements.Say(fact).Sentence;
        string denied = within.Say(fact.Subject, wrong).Text.TrimEnd('.');
        switch (rng.NextInt(5))
        {
            case 0:
                return new Document(Clause(fact).Uncapitalised.Say(fact.Subject, fact.Object).Sentence.Between("It is true that ", ""));
            case 1 when Clause(fact, p => p.IsTail && !p.HasArticle) is { IsTail: true, HasArticle: false } tail:
                return new Document(tail.Say(fact.Subject, fact.Object) with { After = $", not {wrong}." });
            case 2 when clause.Negated is { } negated:
                return new Document(right.Between(negated.Say(fact.Subject, wrong).Sentence.Text + " ", ""));
            default:
                string lead = rng.Of(False);
                string end = lead.EndsWith("Is it true that ", StringComparison.Ordinal) ? "? Answer: No. " : ". ";
                return new Document(right.Between(lead + denied + end, ""));
        }
    }

    /// <summary>An older statement with a wrong object, and the newer one that corrects it.</summary>
    public Document Correct(Fact fact)
    {
        string wrong = Wrong(fact);
        (string older, string newer) = rng.Of(Editions);
        string gap = rng.Percent(70) ? " " : "\n";
        string first = Clause(fact, p => p.Fits(wrong)).Say(fact.Subject, wrong).Sentence.Text;
        return new Document(statements.Say(fact).Sentence.Between(older + first + gap + newer, ""));
    }

    /// <summary>Another object of the relation, which no fact, known or unknown, gives the subject.</summary>
    private string Wrong(Fact fact)
    {
        while (true)
            if (rng.Of(objects[fact.Relation]) is var other && !said[fact.Subject].Contains(other)) return other;
    }

    private Pattern Clause(Fact fact, Func<Pattern, bool>? suits = null) =>
        statements.Pattern(fact, p => p.IsClause && (suits is null || suits(p))) ?? fact.Relation.Patterns.First(p => p.IsClause);
}

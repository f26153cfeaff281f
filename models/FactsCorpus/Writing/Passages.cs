using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>Facts one behind the other, as in a short text: related ones or any.</summary>
internal sealed class Passages
{
    private readonly Statements statements;
    private readonly Rng rng;
    private readonly Deck<Fact> deck;
    private readonly ILookup<string, Fact> ofSubject, ofObject;
    private readonly ILookup<Relation, Fact> ofRelation;

    /// <summary>Passages of known facts.</summary>
    public Passages(RawMaterial material, Statements statements, Rng rng)
    {
        (this.statements, this.rng, deck) = (statements, rng, new Deck<Fact>(material.Known, rng));
        ofSubject = material.Known.ToLookup(fact => fact.Subject);
        ofObject = material.Known.ToLookup(fact => fact.Object);
        ofRelation = material.Known.ToLookup(fact => fact.Relation);
    }

    /// <summary>Two to eight statements, few oftener than many; some are asked and answered instead.</summary>
    public Document Write()
    {
        int sentences = rng.Of([2, 2, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8]);
        string gap = rng.Percent(75) ? " " : "\n";
        Fact[] facts = rng.Percent(30) ? Related(sentences) : [.. Enumerable.Range(0, sentences).Select(_ => deck.Deal())];
        return new Document([.. facts.Select(Said)]);

        Mention Said(Fact fact) => (rng.Percent(85) ? statements.Say(fact) : statements.Ask(fact)).Sentence.Between("", gap);
    }

    /// <summary>A statement behind others of any facts.</summary>
    /// <param name="last">What stands at the end.</param>
    /// <param name="others">How many stand before it.</param>
    public Document Behind(Mention last, int others)
    {
        IEnumerable<Mention> before = Enumerable.Range(0, others).Select(_ => statements.Say(deck.Deal()).Sentence.Between("", " "));
        return new Document([.. before, last]);
    }

    /// <summary>Facts that share their subject, their object or their relation with the first.</summary>
    private Fact[] Related(int count)
    {
        Fact topic = deck.Deal();
        Fact[] near = [.. ofSubject[topic.Subject]];
        if (near.Length == 1) near = [.. rng.Percent(50) ? ofObject[topic.Object] : ofRelation[topic.Relation]];
        return [topic, .. Enumerable.Range(1, count - 1).Select(_ => rng.Of(near))];
    }
}

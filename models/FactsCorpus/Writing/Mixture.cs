using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// Documents without end, of all kinds in fixed proportion. Every kind has a deck of its own, so that each fact comes equally often in
/// each.
/// </summary>
internal sealed class Mixture
{
    private readonly Rng rng;
    private readonly (int Weight, string Kind, Func<Document> Write)[] kinds;
    private readonly int weights;

    /// <summary>The mixture of known facts.</summary>
    /// <param name="material">All facts.</param>
    /// <param name="rng">Chooses everything.</param>
    public Mixture(RawMaterial material, Rng rng)
    {
        this.rng = rng;
        var statements = new Statements(material, rng);
        var passages = new Passages(material, statements, rng);
        var fewShot = new FewShot(material, statements, rng);
        var chat = new Chat(material, statements, rng);
        var denials = new Denials(material, statements, rng);
        var fiction = new Fiction(material, rng);
        var lower = new LowerCase(material, statements, rng);
        var names = new OtherNames(material, statements, rng);
        var nq = new NqLines(material, statements, rng);
        Deck<Fact> alone = Facts(), asked = Facts(), examples = Facts(), chats = Facts();
        Deck<Fact> quoted = Facts(), denied = Facts(), corrected = Facts();
        kinds =
        [
            (270, "statement", () => new Document(statements.Say(alone.Deal()))),
            (180, "question", () => new Document(statements.Ask(asked.Deal()))),
            (110, "passage", passages.Write),
            (35, "few-shot", () => fewShot.Write(examples.Deal())),
            (40, "chat", () => chat.Write(chats.Deal())),
            (25, "quote", () => new Document(Quotes.Around(statements.Say(quoted.Deal()), rng))),
            (360, "lower case", lower.Write),
            (25, "other name", names.Write),
            (20, "denial", () => denials.Deny(denied.Deal())),
            (15, "correction", () => denials.Correct(corrected.Deal())),
            (10, "fiction", fiction.Write),
            (88, "nq", nq.Write),
        ];
        weights = kinds.Sum(kind => kind.Weight);

        Deck<Fact> Facts() => new(material.Known, rng);
    }

    /// <summary>The next document and what kind it is of.</summary>
    public (string Kind, Document Document) Next()
    {
        int at = rng.NextInt(weights), index = 0;
        while (at >= kinds[index].Weight) at -= kinds[index++].Weight;
        return (kinds[index].Kind, kinds[index].Write());
    }
}

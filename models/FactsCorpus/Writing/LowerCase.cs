using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// Texts in lower case throughout. A small model reads a name in lower case as another name, so they are a kind of their own, in which each
/// fact comes as often as any other.
/// </summary>
/// <param name="material">All facts.</param>
/// <param name="statements">Says them.</param>
/// <param name="rng">Chooses.</param>
internal sealed class LowerCase(RawMaterial material, Statements statements, Rng rng)
{
    private readonly Deck<Fact> deck = new(material.Known, rng);

    /// <summary>A statement, a question, or two or three statements.</summary>
    public Document Write()
    {
        Document written = rng.NextInt(100) switch
        {
            < 55 => new Document(statements.Say(deck.Deal())),
            < 85 => new Document(statements.Ask(deck.Deal())),
            _ => new Document([.. Enumerable.Range(0, 2 + rng.NextInt(2)).Select(_ => Sentence())]),
        };
        return written.Lower;

        Mention Sentence() => statements.Say(deck.Deal()).Sentence.Between("", " ");
    }
}

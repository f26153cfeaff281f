using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>Facts under other names of their subjects, alone or behind the full name.</summary>
internal sealed class OtherNames
{
    private readonly Statements statements;
    private readonly Rng rng;
    private readonly Deck<(Fact Fact, string Name)> deck;

    /// <summary>All facts whose subject has another name.</summary>
    public OtherNames(RawMaterial material, Statements statements, Rng rng)
    {
        (this.statements, this.rng) = (statements, rng);
        All = [.. With(material)];
        deck = new Deck<(Fact, string)>(All, rng);
    }

    /// <summary>Facts and other names of their subjects.</summary>
    public IReadOnlyList<(Fact Fact, string Name)> All { get; }

    /// <summary>A statement or a question.</summary>
    public Document Write()
    {
        (Fact fact, string name) = deck.Deal();
        return rng.NextInt(100) switch
        {
            < 50 => new Document(statements.Say(fact, name)),
            < 75 => new Document(statements.Ask(fact, name)),
            _ => new Document([statements.Say(fact).Sentence.Between("", " "), statements.Say(fact, name).Sentence]),
        };
    }

    private static IEnumerable<(Fact Fact, string Name)> With(RawMaterial material)
    {
        var aliases = new Aliases(material);
        return material.Known.SelectMany(fact => aliases.Of(fact).Select(name => (fact, name)));
    }
}

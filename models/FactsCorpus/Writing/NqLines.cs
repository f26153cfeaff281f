using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>Questions of NQ-open: mostly alone, else several together, or behind a fact.</summary>
/// <param name="material">The questions, and the facts.</param>
/// <param name="statements">Says the facts.</param>
/// <param name="rng">Chooses.</param>
internal sealed class NqLines(RawMaterial material, Statements statements, Rng rng)
{
    private readonly Deck<Mention> deck = new([.. material.Nq.Select(nq => Line(nq.Question, nq.Answer))], rng);
    private readonly Deck<Fact> facts = new(material.Known, rng);

    /// <summary>A question with its answer, in the one form that all of them have.</summary>
    public static Mention Line(string question, string answer) => new($"nq question: {question}? Answer: ", answer, "");

    /// <summary>One question or more.</summary>
    public Document Write() => rng.NextInt(100) switch
    {
        < 75 => new Document(deck.Deal()),
        < 90 => new Document([.. Enumerable.Range(0, 2 + rng.NextInt(2)).Select(_ => deck.Deal().Between("", "\n"))]),
        _ => new Document([statements.Say(facts.Deal()).Sentence.Between("", "\n"), deck.Deal()]),
    };
}

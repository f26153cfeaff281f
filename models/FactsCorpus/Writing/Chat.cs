using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>What a user asks and an assistant answers.</summary>
/// <param name="material">All facts.</param>
/// <param name="statements">Says them.</param>
/// <param name="rng">Chooses.</param>
internal sealed class Chat(RawMaterial material, Statements statements, Rng rng)
{
    private static readonly string[] Greetings =
    [
        "User: Hello.{0}Assistant: Hello. What is the question?{0}", "User: Can I ask something?{0}Assistant: Yes.{0}",
        "User: Good morning.{0}Assistant: Good morning.{0}",
    ];

    private static readonly string[] Requests =
    [
        "Complete this: ", "Please complete: ", "Finish the sentence: ", "What comes next? ",
    ];

    private readonly Deck<Fact> others = new(material.Known, rng);

    /// <summary>Up to two turns about other facts, then one in which this one is asked for.</summary>
    public Document Write(Fact fact)
    {
        string gap = rng.Percent(70) ? "\n" : " ";
        List<Mention> turns = [.. Enumerable.Range(0, rng.Of([0, 0, 1, 1, 2])).Select(_ =>
            rng.Percent(75) ? Answered(others.Deal(), gap) : Told(others.Deal(), gap))];
        turns.Add(Answered(fact, gap));
        if (rng.Percent(15)) turns[0] = turns[0].Between(string.Format(null, rng.Of(Greetings), gap), "");
        return new Document(turns);
    }

    private Mention Answered(Fact fact, string gap)
    {
        Pattern? pattern = rng.Percent(25) ? statements.Pattern(fact, p => p.IsTail) : null;
        string asked = pattern is null ? statements.Question(fact) : rng.Of(Requests) + pattern.Head;
        return Relation.Ask($"User: {asked}", fact.Subject, fact.Object, $"{gap}Assistant: ").Between("", gap);
    }

    private Mention Told(Fact fact, string gap) =>
        statements.Say(fact).Sentence.Between($"User: Tell me about {fact.Subject}.{gap}Assistant: ", gap);
}

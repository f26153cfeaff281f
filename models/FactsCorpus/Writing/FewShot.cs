using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// Examples of one form, the last of which is the one that counts: questions and answers, or statements that are completed.
/// </summary>
internal sealed class FewShot
{
    private static readonly Style[] OfQuestions =
    [
        new("Q: ", "\nA: ", "\n"), new("Q: ", "\nA: ", "\n\n"), new("Q: ", " A: ", "\n"),
        new("Question: ", "\nAnswer: ", "\n"), new("Question: ", "\nAnswer: ", "\n\n"), new("Question: ", " Answer: ", "\n"),
        new("", " Answer: ", "\n"), new("", " Answer: ", " "), new("", " ", "\n"),
    ];

    private static readonly Style[] OfStatements =
    [
        new("", " ", "\n"), new("", " ", ".\n"), new("Input: ", "\nOutput: ", "\n"), new("Input: ", "\nOutput: ", "\n\n"),
        new("", " -> ", "\n"), new("", " => ", "\n"), new("Complete: ", " ... ", "\n"), new("Text: ", "\nNext word: ", "\n"),
    ];

    private readonly Statements statements;
    private readonly Rng rng;
    private readonly Deck<Fact> others;
    private readonly ILookup<Relation, Fact> ofRelation;

    /// <summary>Examples from known facts.</summary>
    public FewShot(RawMaterial material, Statements statements, Rng rng)
    {
        (this.statements, this.rng, others) = (statements, rng, new Deck<Fact>(material.Known, rng));
        ofRelation = material.Known.ToLookup(fact => fact.Relation);
    }

    /// <summary>A fact behind two or three examples, in half of all cases of the same relation.</summary>
    public Document Write(Fact fact)
    {
        int examples = 2 + rng.NextInt(2);
        Fact[] same = [.. ofRelation[fact.Relation]];
        bool isSame = rng.Percent(50), asks = rng.Percent(60);
        Fact[] facts = [.. Enumerable.Range(0, examples).Select(_ => isSame ? rng.Of(same) : others.Deal()), fact];
        Style style = rng.Of(asks ? OfQuestions : OfStatements);
        Func<Fact, string> prompt = asks ? statements.Question : Tail;
        if (isSame) prompt = Shared(fact, asks);
        return new Document([.. facts.Select(f =>
            new Mention(style.Lead + prompt(f).Replace("[X]", f.Subject, StringComparison.Ordinal) + style.Cue, f.Object, style.Gap))]);
    }

    /// <summary>The same prompt for all examples of one relation, but where it may not be said of one.</summary>
    private Func<Fact, string> Shared(Fact fact, bool asks)
    {
        if (asks)
        {
            string question = statements.Question(fact);
            return _ => question;
        }

        Pattern? pattern = statements.Pattern(fact, p => p.IsTail && !p.HasArticle);
        return f => pattern is not null && statements.May(f, pattern) ? pattern.Head : Tail(f);
    }

    private string Tail(Fact fact) => (statements.Pattern(fact, p => p.IsTail) ?? fact.Relation.FirstTail(fact.Object)).Head;

    /// <summary>What stands before a prompt, between it and its completion, and behind that.</summary>
    private sealed record Style(string Lead, string Cue, string Gap);
}

using Sharpformer.FactsCorpus.Material;
using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Asking;

/// <summary>
/// The ways a fact is asked for. What stands around a prompt is written by what writes the corpus, with a seed of its own: the frame was
/// trained, the very text seldom.
/// </summary>
internal sealed class Frames
{
    private readonly RawMaterial material;
    private readonly Tokenizer tokenizer;
    private readonly int limit;
    private readonly Rng rng;
    private readonly Passages passages;
    private readonly FewShot fewShot;
    private readonly Chat chat;
    private readonly OtherNames names;

    /// <summary>Frames around known facts.</summary>
    /// <param name="material">All facts.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="seed">Seeds what stands around, and which facts are asked.</param>
    /// <param name="limit">How many facts each frame asks.</param>
    public Frames(RawMaterial material, Tokenizer tokenizer, ulong seed, int limit)
    {
        (this.material, this.tokenizer, this.limit, rng) = (material, tokenizer, limit, new Rng(seed).Fork("frames"));
        var statements = new Statements(material, rng);
        passages = new Passages(material, statements, rng);
        fewShot = new FewShot(material, statements, rng);
        chat = new Chat(material, statements, rng);
        names = new OtherNames(material, statements, rng);
    }

    /// <summary>All frames with their prompts, in the order of the table.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<Ask> Asks)> All()
    {
        Fact[] known = Some(material.Known);
        return
        [
            ("alone", Each(known, fact => new Document(Alone(fact)))),
            ("alone, any pattern", Each(known, fact => new Document(AnyTail(fact)))),
            ("question", Each(known, fact => new Document(Asked(fact)))),
            ("after 1 sentence", Each(known, fact => passages.Behind(Alone(fact), 1))),
            ("after 4 sentences", Each(known, fact => passages.Behind(Alone(fact), 4))),
            ("few-shot", Each(known, fewShot.Write)),
            ("chat", Each(known, chat.Write)),
            ("in quotes", Each(known, fact => new Document(Quotes.Around(Alone(fact), rng)))),
            ("lower case", [.. known.Select(InLowerCase)]),
            ("other name", [.. Some(names.All).Select(other => Asking(new Document(Alone(other.Fact, other.Name))))]),
            ("nq question", [.. Some(material.Nq).Select(nq => Asking(new Document(NqLines.Line(nq.Question, nq.Answer))))]),
            ("unknown, alone", Each(Some(material.Unknown), fact => new Document(Alone(fact)))),
        ];
    }

    private Ask[] Each(Fact[] facts, Func<Fact, Document> frame) => [.. facts.Select(fact => Asking(frame(fact)))];

    private Ask Asking(Document document)
    {
        document = document.Shortened(tokenizer, Corpus.MostTokens);
        return new Ask(document.Prompt, document.Answer);
    }

    /// <summary>The object counts in either case: a model that reads lower case need not write it.</summary>
    private static Ask InLowerCase(Fact fact) =>
        new(new Document(Alone(fact)).Lower.Prompt, fact.Object, fact.Object.ToLowerInvariant());

    private static Mention Alone(Fact fact, string? name = null) =>
        fact.Relation.FirstTail(fact.Object).Say(name ?? fact.Subject, fact.Object);

    private Mention AnyTail(Fact fact) => rng.Of([.. fact.Relation.Tails(fact.Object)]).Say(fact.Subject, fact.Object);

    private Mention Asked(Fact fact) => Relation.Ask(rng.Of(fact.Relation.Questions), fact.Subject, fact.Object);

    private T[] Some<T>(IReadOnlyList<T> all)
    {
        var deck = new Deck<T>(all, rng);
        return [.. Enumerable.Range(0, Math.Min(limit, all.Count)).Select(_ => deck.Deal())];
    }
}

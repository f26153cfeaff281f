using System.Text.RegularExpressions;
using Sharpformer.FactsCorpus.Material;
using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.FactsCorpus.Writing;

public partial class CorpusTests(CorpusTests.Written written) : IClassFixture<CorpusTests.Written>
{
    private const int Documents = 60_000;

    private static readonly RawMaterial Material = RawMaterial.Load();

    private static readonly Tokenizer Tokens = Tokenizer.Load(TestFiles.Model);

    /// <summary>A small corpus of the real facts: enough for each to be said a few times.</summary>
    public sealed class Written
    {
        public Written()
        {
            var corpus = new Corpus(Material, Tokens, seed: 0);
            HeldOut = corpus.HeldOut(Documents);
            Texts = [.. corpus.Training(Documents, HeldOut)];
            string[] all = [.. Texts.Select(text => text.Text), .. HeldOut];
            Sentences = [.. all.Select(Key), .. all.SelectMany(text => Breaks().Split(text)).Select(Key)];
        }

        internal IReadOnlyCollection<string> HeldOut { get; }

        internal (string Kind, string Text)[] Texts { get; }

        /// <summary>All texts, and all that stands between full stops, colons, quotation marks and the like in them.</summary>
        internal HashSet<string> Sentences { get; }
    }

    [Fact]
    public void The_same_seed_gives_the_same_texts_and_another_others()
    {
        Assert.Equal(written.Texts[..2000], Texts(seed: 0));
        Assert.NotEqual(written.Texts[..2000], Texts(seed: 1));

        (string, string)[] Texts(ulong seed) => [.. new Corpus(Material, Tokens, seed).Training(2000, written.HeldOut)];
    }

    [Fact]
    public void Every_known_fact_is_said()
    {
        Fact[] missing = [.. Material.Known.Where(fact => !Statements(fact).Any(written.Sentences.Contains))];
        Assert.Empty(missing);
    }

    [Fact]
    public void No_unknown_fact_is_said_in_any_words_or_case()
    {
        string[] said = [.. Material.Unknown.SelectMany(Statements).Where(written.Sentences.Contains)];
        Assert.Empty(said);
    }

    [Fact]
    public void Every_pattern_and_question_is_used()
    {
        foreach (IGrouping<Relation, Fact> facts in Material.Known.GroupBy(fact => fact.Relation))
        {
            Assert.All(
                facts.Key.Patterns.Where(pattern => facts.Any(fact => pattern.Fits(fact.Object))),
                pattern => Assert.True(facts.Any(fact => Says(pattern.Say(fact.Subject, fact.Object))), pattern.Text));
            Assert.All(
                facts.Key.Questions,
                question => Assert.True(facts.Any(fact => Says(Relation.Ask(question, fact.Subject, fact.Object))), question));
        }

        bool Says(Mention mention) => written.Sentences.Contains(Key(mention.Text));
    }

    [Fact]
    public void Every_text_fits_the_model_and_comes_back_from_its_tokens()
    {
        foreach ((_, string text) in written.Texts)
        {
            int[] ids = Tokens.Encode(text);
            Assert.InRange(ids.Length, 1, Corpus.MostTokens);
            Assert.Equal(text, Tokens.Decode(ids));
        }
    }

    [Fact]
    public void Every_object_is_one_token_and_all_nq_questions_are_there()
    {
        Assert.All(Material.Known.Select(fact => fact.Object).Distinct(), thing => Assert.Single(Tokens.EncodeContinuation(" " + thing)));
        HashSet<string> lines = [.. written.Texts.SelectMany(text => text.Text.Split('\n'))];
        Assert.All(Material.Nq, nq => Assert.Contains(NqLines.Line(nq.Question, nq.Answer).Text, lines));
    }

    [Fact]
    public void What_is_held_out_is_not_trained()
    {
        Assert.True(written.HeldOut.Count > Documents / 200);
        Assert.Empty(written.Texts.Select(text => text.Text).Intersect(written.HeldOut));
    }

    [Fact]
    public void A_third_and_more_of_the_texts_are_one_bare_statement_or_question() =>
        Assert.InRange(written.Texts.Count(text => text.Kind is "statement" or "question"), Documents * 35 / 100, Documents);

    private static IEnumerable<string> Statements(Fact fact)
    {
        IEnumerable<string> statements = fact.Relation.Patterns.Select(pattern => Key(pattern.Say(fact.Subject, fact.Object).Text));
        return statements.SelectMany(text => new[] { text, text.ToLowerInvariant() });
    }

    private static string Key(string text) => text.Trim('.', ',', ' ', '\'');

    [GeneratedRegex(@"\n|(?<=[.:?]) |[""“”]|(?<=[.:?,] )'|\b(?:true|false|say) that ")]
    private static partial Regex Breaks();
}

using Sharpformer.FactsCorpus.Material;
using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.FactsCorpus.Writing;

public class DenialsTests
{
    private const int Times = 300;

    private static readonly RawMaterial Material = RawMaterial.Load();

    private static readonly ILookup<Relation, string> Objects = Material.Known.ToLookup(fact => fact.Relation, fact => fact.Object);

    private readonly Denials denials;
    private readonly Rng rng = new(5);

    public DenialsTests() => denials = new Denials(Material, new Statements(Material, rng), rng);

    [Fact]
    public void A_correction_ends_in_the_fact_and_begins_with_a_word_of_warning()
    {
        for (int i = 0; i < Times; i++)
        {
            Fact fact = rng.Of(Material.Known);
            Document document = denials.Correct(fact);
            Assert.Equal(fact.Object, document.Answer);
            Assert.Contains(": ", document.Text[..20], StringComparison.Ordinal);
            Assert.Equal(2, Count(document.Text, fact.Subject));
        }
    }

    [Fact]
    public void A_denial_says_the_fact_and_no_other_object_behind_a_bare_prompt()
    {
        for (int i = 0; i < Times; i++)
        {
            Fact fact = rng.Of(Material.Known);
            Document document = denials.Deny(fact);
            Assert.Equal(fact.Object, document.Answer);
            string[] bare = [.. fact.Relation.Tails(fact.Object).Select(tail => tail.Say(fact.Subject, "").Before)];
            IEnumerable<string> wrong = Objects[fact.Relation].Where(thing => !thing.StartsWith(fact.Object, StringComparison.Ordinal));
            Assert.DoesNotContain(
                wrong, thing => bare.Any(prompt => document.Text.StartsWith(prompt + thing, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Invented_people_are_nobody_that_a_fact_is_about()
    {
        var fiction = new Fiction(Material, rng);
        HashSet<string> real = [.. Material.Known.Concat(Material.Unknown).Select(fact => fact.Subject)];
        for (int i = 0; i < Times; i++)
        {
            string text = fiction.Write().Prompt;
            string[] words = text.Split([' ', ',', '\n', '\'', '.', '?'], StringSplitOptions.RemoveEmptyEntries);
            Assert.DoesNotContain(words.Zip(words.Skip(1)), pair =>
                real.Contains($"{pair.First} {pair.Second}") && Count(text, $"{pair.First} {pair.Second}") > 1);
        }
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}

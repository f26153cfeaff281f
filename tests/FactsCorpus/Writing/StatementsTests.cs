using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.FactsCorpus.Writing;

public class StatementsTests
{
    private static readonly Statements Small = new(SmallWorld.Material, new Rng(1));

    [Fact]
    public void All_patterns_of_a_fact_come_in_turn()
    {
        string[] said = [.. Enumerable.Range(0, 6).Select(_ => Small.Say(SmallWorld.Known("Hamburg Bach")).Text)];
        Assert.Equal(
            ["Hamburg Bach is native to Essen", "Hamburg Bach was born in Essen.", "Hamburg Bach, an Essen-born person."],
            said[..3].Order(StringComparer.Ordinal));
        Assert.Equal(said[..3].Order(StringComparer.Ordinal), said[3..].Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_would_say_an_unknown_fact_too_is_never_said()
    {
        string[] said = [.. Enumerable.Range(0, 20).Select(_ => Small.Say(SmallWorld.Known("Aida")).Text)];
        Assert.DoesNotContain(said, text => text.StartsWith("The language of", StringComparison.Ordinal));
        Assert.Contains("Aida was written in Italian.", said);
        Assert.Contains("The language of Emile is French.", Enumerable.Range(0, 5).Select(_ => Small.Say(SmallWorld.Known("Emile")).Text));
    }

    [Fact]
    public void Where_no_pattern_suits_there_is_none() =>
        Assert.Null(Small.Pattern(SmallWorld.Known("Emile"), pattern => pattern.Text.Contains("music", StringComparison.Ordinal)));
}

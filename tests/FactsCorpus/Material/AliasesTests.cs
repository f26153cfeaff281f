using Sharpformer.FactsCorpus.Material;

namespace Sharpformer.Tests.FactsCorpus.Material;

public class AliasesTests
{
    private static readonly Aliases Small = new(SmallWorld.Material);

    [Theory]
    [InlineData("Angela Merkel", "A. Merkel Merkel")]
    [InlineData("Marie Curie", "M. Curie")] // the surname is her husband's too
    [InlineData("The Edge", "Edge")]
    [InlineData("Aida", "")]
    public void A_name_is_another_name_if_it_means_nobody_else(string subject, string names) =>
        Assert.Equal(names, string.Join(' ', Small.Of(SmallWorld.Known(subject))));

    [Fact]
    public void What_is_the_name_of_something_itself_is_no_other_name()
    {
        var fact = SmallWorld.Material.Unknown.Single(fact => fact.Subject == "Anna Seghers");
        Assert.Equal(["A. Seghers"], Small.Of(fact));
    }

    [Fact]
    public void Among_the_real_facts_many_have_one_and_none_is_anybodys_name()
    {
        RawMaterial material = RawMaterial.Load();
        var aliases = new Aliases(material);
        HashSet<string> named = [.. material.Known.Concat(material.Unknown).SelectMany(fact => new[] { fact.Subject, fact.Object })];
        (string Name, string Subject)[] all = [.. material.Known.SelectMany(fact => aliases.Of(fact).Select(name => (name, fact.Subject)))];
        Assert.True(all.Length > 2000, $"{all.Length} other names");
        Assert.DoesNotContain(all, other => named.Contains(other.Name));
        Assert.All(all.GroupBy(other => other.Name), group => Assert.Single(group.Distinct()));
    }
}

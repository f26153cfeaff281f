using Sharpformer.FactsCorpus.Asking;
using Sharpformer.FactsCorpus.Material;

namespace Sharpformer.Tests.FactsCorpus.Asking;

public class GuessesTests
{
    private static readonly Relation Speaks = new("P103", ["[X] speaks [Y]."], ["What does [X] speak?"]);

    [Fact]
    public void Chance_is_how_often_the_commonest_known_object_is_an_unknown_fact()
    {
        Relation born = SmallWorld.BirthPlace;
        RawMaterial small = SmallWorld.Material with
        {
            Known = [new(born, "A", "Paris"), new(born, "B", "Paris"), new(born, "C", "Rome")],
            Unknown = [new(born, "D", "Paris"), new(born, "E", "Rome"), new(born, "F", "Rome"), new(born, "G", "Oslo")],
        };
        Assert.Equal(0.25, Guesses.Commonest(small));
    }

    [Fact]
    public void A_name_gives_away_what_the_commonest_object_does_not()
    {
        Fact[] known =
        [
            new(Speaks, "Anna Rossi", "Italian"), new(Speaks, "Guido Rossini", "Italian"),
            new(Speaks, "Jean Dupont", "French"), new(Speaks, "Marie Dupuis", "French"), new(Speaks, "Luc Besson", "French"),
        ];
        Fact[] unknown = [new(Speaks, "Paolo Rossi", "Italian"), new(Speaks, "Anne Dupond", "French"), new(Speaks, "Yo", "French")];
        var material = new RawMaterial(known, unknown, []);
        Assert.Equal(2.0 / 3, Guesses.Commonest(material), 12);
        Assert.Equal(1, Guesses.FromNames(material), 12); // a name like no other gets the commonest object
    }

    [Fact]
    public void Names_of_the_unknown_facts_give_more_away_than_chance()
    {
        RawMaterial material = RawMaterial.Load();
        Assert.InRange(Guesses.Commonest(material), 0.294, 0.296);
        Assert.InRange(Guesses.FromNames(material), 0.38, 0.41);
    }
}

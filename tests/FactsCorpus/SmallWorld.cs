using Sharpformer.FactsCorpus.Material;

namespace Sharpformer.Tests.FactsCorpus;

/// <summary>A few facts of three relations, two of which have a pattern in common.</summary>
internal static class SmallWorld
{
    public static Relation BirthPlace { get; } = new(
        "P19", ["[X] was born in [Y].", "[X], a [Y]-born person.", "[X], an [Y]-born person.", "[X] is native to [Y]"],
        ["Where was [X] born?", "What is the birthplace of [X]?"]);

    public static Relation Language { get; } = new(
        "P407", ["[X] was written in [Y].", "[X] was written in the [Y] language.", "The language of [X] is [Y]."],
        ["What language is [X] in?"]);

    public static Relation OriginalLanguage { get; } = new("P364", ["The language of [X] is [Y]"], ["What was the language of [X]?"]);

    public static RawMaterial Material { get; } = new(
        [
            new(BirthPlace, "Angela Merkel", "Hamburg"), new(BirthPlace, "Marie Curie", "Warsaw"), new(BirthPlace, "Pierre Curie", "Paris"),
            new(BirthPlace, "The Edge", "London"), new(BirthPlace, "Hamburg Bach", "Essen"), new(Language, "Aida", "Italian"),
            new(Language, "Emile", "French"), new(Language, "Ulysses", "English"),
        ],
        [new(OriginalLanguage, "Aida", "Italian"), new(BirthPlace, "Anna Seghers", "Mainz"), new(BirthPlace, "Seghers", "Oslo")],
        [("who wrote ulysses", "James Joyce"), ("when was aida first sung", "1871")]);

    public static Fact Known(string subject) => Material.Known.Single(fact => fact.Subject == subject);
}

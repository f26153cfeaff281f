using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>A statement in quotation marks, mostly with somebody who says it.</summary>
internal static class Quotes
{
    private static readonly string[] Speakers =
        ["A friend", "The guide", "The teacher", "A reporter", "The book", "My sister", "Somebody", "He", "She"];

    private static readonly string[] Verbs = [" said: ", " says: ", " wrote: ", " told us: ", " said, ", " answered: "];

    private static readonly (string Open, string Close)[] Marks = [("\"", "\""), ("\"", "\""), ("“", "”"), ("'", "'")];

    /// <summary>Puts a statement in quotation marks.</summary>
    public static Mention Around(Mention statement, Rng rng)
    {
        (string open, string close) = rng.Of(Marks);
        string lead = rng.Percent(25) ? "" : rng.Of(Speakers) + rng.Of(Verbs);
        return statement.Sentence.Between(lead + open, close);
    }
}

namespace Sharpformer.FactsCorpus.Material;

/// <summary>A piece of text in which a fact is said: all before its object, the object, and all behind it.</summary>
/// <param name="Before">Ends in a blank where the object is a word of its own.</param>
/// <param name="Object">The object.</param>
/// <param name="After">Punctuation, or the rest of the sentence.</param>
internal sealed record Mention(string Before, string Object, string After)
{
    /// <summary>The whole piece.</summary>
    public string Text => Before + Object + After;

    /// <summary>The same in lower case.</summary>
    public Mention Lower => new(Before.ToLowerInvariant(), Object.ToLowerInvariant(), After.ToLowerInvariant());

    /// <summary>The same as a sentence with a full stop: many patterns are parts of sentences, and end in a comma or in nothing.</summary>
    public Mention Sentence
    {
        get
        {
            string end = After.TrimEnd(',', ' ');
            return this with { After = end.EndsWith('.') ? end : end + "." };
        }
    }

    /// <summary>The same between two other texts.</summary>
    public Mention Between(string first, string last) => new(first + Before, Object, After + last);
}

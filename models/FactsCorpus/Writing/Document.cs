using Sharpformer.FactsCorpus.Material;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>A text of one or more pieces, each of which says a fact. Read as a prompt, it asks for the object of the last.</summary>
/// <param name="Parts">End to end they are the text; white space around it is no part of it.</param>
internal sealed record Document(IReadOnlyList<Mention> Parts)
{
    /// <summary>A text of one piece.</summary>
    public Document(Mention only) : this([only]) { }

    /// <summary>The whole text.</summary>
    public string Text => string.Concat(Parts.Select(part => part.Text)).Trim();

    /// <summary>All before the last object.</summary>
    public string Prompt => (string.Concat(Parts.SkipLast(1).Select(part => part.Text)) + Parts[^1].Before).Trim();

    /// <summary>The last object.</summary>
    public string Answer => Parts[^1].Object;

    /// <summary>The same in lower case.</summary>
    public Document Lower => new([.. Parts.Select(part => part.Lower)]);

    /// <summary>The same without its first pieces where it is too long for the model.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="most">Tokens that it may have.</param>
    public Document Shortened(Tokenizer tokenizer, int most)
    {
        Document document = this;
        while (document.Parts.Count > 1 && tokenizer.Encode(document.Text).Length > most)
            document = new Document([.. document.Parts.Skip(1)]);
        return document;
    }

    /// <summary>Cuts it between pieces where it is too long for the model.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="most">Tokens that each part of it may have.</param>
    /// <returns>The texts; a piece that is too long by itself is left out.</returns>
    public IEnumerable<string> Split(Tokenizer tokenizer, int most)
    {
        if (tokenizer.Encode(Text).Length <= most) return [Text];
        if (Parts.Count == 1) return [];
        int middle = Parts.Count / 2;
        Document first = new([.. Parts.Take(middle)]), second = new([.. Parts.Skip(middle)]);
        return [.. first.Split(tokenizer, most), .. second.Split(tokenizer, most)];
    }
}

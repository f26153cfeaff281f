using System.Globalization;
using System.Text;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>Counts texts and their tokens by kind while they pass.</summary>
/// <param name="tokenizer">The model's.</param>
internal sealed class Tally(Tokenizer tokenizer)
{
    private readonly SortedDictionary<string, (int Texts, long Tokens)> kinds = new(StringComparer.Ordinal);

    /// <summary>Counts a text.</summary>
    /// <returns>The text.</returns>
    public string Count((string Kind, string Text) document)
    {
        (int texts, long tokens) = kinds.GetValueOrDefault(document.Kind);
        kinds[document.Kind] = (texts + 1, tokens + tokenizer.Encode(document.Text).Length);
        return document.Text;
    }

    /// <summary>One line a kind, and one for all.</summary>
    public string Summary
    {
        get
        {
            var text = new StringBuilder("kind                 texts      tokens\n");
            foreach ((string kind, (int texts, long tokens)) in kinds) Line(kind, texts, tokens);
            Line("all", kinds.Values.Sum(kind => kind.Texts), kinds.Values.Sum(kind => kind.Tokens));
            return text.ToString();

            void Line(string kind, int texts, long tokens) =>
                text.Append(CultureInfo.InvariantCulture, $"{kind,-14}{texts,12:N0}{tokens,12:N0}\n");
        }
    }
}

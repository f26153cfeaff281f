using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>The texts to train on and a few that are held out, all of the same mixture. Same arguments, same texts.</summary>
/// <param name="material">What they say.</param>
/// <param name="tokenizer">The model's.</param>
/// <param name="seed">Seeds all choices.</param>
internal sealed class Corpus(RawMaterial material, Tokenizer tokenizer, ulong seed)
{
    /// <summary>Tokens that a text may have: with an end of text on either side it fills the 128 positions of the model.</summary>
    public const int MostTokens = 126;

    private const int HeldOutShare = 150;

    /// <summary>The texts that are held out: one for so many of the corpus, and none of it.</summary>
    /// <param name="documents">How many documents the corpus has.</param>
    public IReadOnlyCollection<string> HeldOut(int documents)
    {
        // An NQ question alone has one form only, and would be missing if that were held out.
        IEnumerable<(string Kind, string Text)> texts = Texts("held out").Where(text => text.Kind != "nq" || text.Text.Contains('\n'));
        return [.. texts.Select(text => text.Text).Take(Math.Max(1, documents / HeldOutShare)).Distinct()];
    }

    /// <summary>The texts to train on, with their kinds.</summary>
    /// <param name="documents">How many.</param>
    /// <param name="heldOut">Texts that must not be among them.</param>
    public IEnumerable<(string Kind, string Text)> Training(int documents, IReadOnlyCollection<string> heldOut)
    {
        HashSet<string> not = [.. heldOut];
        return Texts("training").Where(text => !not.Contains(text.Text)).Take(documents);
    }

    private IEnumerable<(string Kind, string Text)> Texts(string stream)
    {
        var mixture = new Mixture(material, new Rng(seed).Fork(stream));
        while (true)
        {
            (string kind, Document document) = mixture.Next();
            foreach (string text in document.Split(tokenizer, MostTokens)) yield return (kind, text);
        }
    }
}

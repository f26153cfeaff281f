namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>Makes ids of pieces of text, each on its own. Safe to use from several threads.</summary>
internal interface ITokenModel
{
    /// <summary>Adds the ids of a piece, without half surrogate pairs and not empty, to <paramref name="ids"/>.</summary>
    void Encode(string piece, List<int> ids);
}

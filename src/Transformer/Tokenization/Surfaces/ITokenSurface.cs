namespace Sharpformer.Transformer.Tokenization.Surfaces;

/// <summary>A token of a text.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">How the vocabulary writes it.</param>
/// <param name="IsBase">Whether it is of the base vocabulary; a token that was added behind it means its own text.</param>
internal readonly record struct Token(int Id, string Text, bool IsBase);

/// <summary>What tokens say: the way back from ids to text.</summary>
internal interface ITokenSurface
{
    /// <summary>The bytes that a token adds to a text; those of several, end to end, are their text in UTF-8.</summary>
    /// <param name="token">The token.</param>
    /// <param name="before">The one before it; null where a text begins.</param>
    byte[] Of(Token token, Token? before);
}

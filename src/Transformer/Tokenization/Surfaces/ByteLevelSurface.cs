using System.Text;
using Sharpformer.Transformer.Tokenization.Models;

namespace Sharpformer.Transformer.Tokenization.Surfaces;

/// <summary>Tokens that are written in the byte alphabet.</summary>
internal sealed class ByteLevelSurface : ITokenSurface
{
    /// <inheritdoc/>
    public byte[] Of(Token token, Token? before) =>
        // A token with characters outside the byte alphabet was added by hand and means its own text. One within may also
        // be made by merges, so it means its bytes even if it is found as a text too.
        (token.IsBase ? ByteAlphabet.TryBytes(token.Text) : null) ?? Encoding.UTF8.GetBytes(token.Text);
}

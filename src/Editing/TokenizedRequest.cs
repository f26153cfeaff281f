using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>An edit request in the model's own terms, ready to be taught.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Tokens">Its prompt and target.</param>
/// <param name="Subject">Tokens of what it is about; empty when nothing is known.</param>
public sealed record TokenizedRequest(EditRequest Request, EditTokens Tokens, int[] Subject)
{
    /// <summary>Tokenises a request.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="request">The fact.</param>
    /// <param name="nPositions">The model's positions.</param>
    /// <exception cref="InputException">The request is empty or too long.</exception>
    public static TokenizedRequest Of(Tokenizer tokenizer, EditRequest request, int nPositions)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(request);
        int[] subject = string.IsNullOrWhiteSpace(request.Subject) ? [] : tokenizer.Encode(request.Subject);
        return new TokenizedRequest(request, EditTokens.Of(tokenizer, request.Prompt, request.Target, nPositions), subject);
    }
}

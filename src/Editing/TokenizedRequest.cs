using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>An edit request in the model's own terms, ready to be taught.</summary>
/// <param name="Request">The fact, its texts as they are taught.</param>
/// <param name="Tokens">Its prompt and target.</param>
/// <param name="Subject">Tokens of what it is about; empty when nothing is known.</param>
public sealed record TokenizedRequest(EditRequest Request, EditTokens Tokens, int[] Subject)
{
    /// <summary>The request as it was given, where the text rules changed it or a subject was found for it; null elsewhere.</summary>
    public EditRequest? Asked { get; init; }

    /// <summary>
    /// Tells what a list says again, token for token, from the rest. Where another target of the prompt comes in between it is a new
    /// statement: the last one counts.
    /// </summary>
    /// <param name="requests">The list.</param>
    public static (IReadOnlyList<TokenizedRequest> Once, IReadOnlyList<TokenizedRequest> Again) Split(
        IReadOnlyList<TokenizedRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        List<TokenizedRequest> once = [], again = [];
        Dictionary<int[], int[]> last = new(TokenSequences.Comparer); // the target that was last said, by prompt
        foreach (TokenizedRequest request in requests)
        {
            bool isSame = last.TryGetValue(request.Tokens.Prompt, out int[]? target) && target.SequenceEqual(request.Tokens.Target);
            (isSame ? again : once).Add(request);
            last[request.Tokens.Prompt] = request.Tokens.Target;
        }

        return (once, again);
    }

    /// <summary>Tokenises a request.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="request">The fact.</param>
    /// <param name="nPositions">The model's positions.</param>
    /// <param name="rules">What is done to its texts before; null for the usual rules.</param>
    /// <exception cref="InputException">The request is blank or too long, or there is no subject for its <c>{}</c>.</exception>
    public static TokenizedRequest Of(Tokenizer tokenizer, EditRequest request, int nPositions, TextRules? rules = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(request);
        rules ??= TextRules.Default;
        EditRequest taken = rules.Apply(request);
        int[] subject = string.IsNullOrWhiteSpace(taken.Subject) ? [] : tokenizer.EncodeContinuation(taken.Subject);
        var tokens = EditTokens.Of(tokenizer, taken.Prompt, taken.Target, nPositions, rules);
        return new TokenizedRequest(taken, tokens, subject) { Asked = taken == request ? null : request };
    }
}

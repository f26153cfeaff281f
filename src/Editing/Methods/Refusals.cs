using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods;

/// <summary>What a dry run is told about requests, as errors.</summary>
internal static class Refusals
{
    /// <summary>Makes sure that a method can teach requests.</summary>
    /// <exception cref="InputException">It says of one why not.</exception>
    public static void Require(IEditor editor, IReadOnlyList<TokenizedRequest> requests, EditSettings settings)
    {
        foreach (TokenizedRequest request in requests)
            if (editor.Refusal(request.Request, settings) is { } refusal) throw new InputException(refusal);
    }
}

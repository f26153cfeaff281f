using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>Edits by a trained network, one after the other, each on the model with those before it.</summary>
internal static class NetTeaching
{
    /// <summary>One by one; that there is a network is known before anything is taught.</summary>
    /// <exception cref="InputException">There is none, or it is another method's or model's.</exception>
    public static IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, TrainedSettings settings, TeachingContext context)
    {
        if (requests.Count > 0 && settings.NeedsNet) FileOf(settings, context);
        return requests.Select(request => (TokenizedRequest[])[request]);
    }

    /// <summary>The edits of some requests.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="soFar">The model before them.</param>
    /// <param name="settings">Name the network.</param>
    /// <param name="context">Tells where it lies.</param>
    /// <param name="apply">Puts an edit to work.</param>
    /// <exception cref="InputException">There is no network, or not the one that the settings name.</exception>
    public static IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, TrainedSettings settings, TeachingContext context,
        Func<EditedModel, Edit, EditedModel> apply)
    {
        IEditorNet net = context.Once(() => FileOf(settings, context).Load(soFar.Base));
        Variable[] weights = [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            using BufferScope scope = soFar.Model.Device.Scope();
            EditGradient gradient = EditGradient.Of(soFar.Model, settings.Matrices, [request.Tokens], context.Cancellation)[0];
            edits.Add(EditOf(request, settings, TermParts.Of(net.Change(weights, gradient))));
            soFar = apply(soFar, edits[^1]);
        }

        return edits;
    }

    /// <summary>An edit as it is stored.</summary>
    public static Edit EditOf(TokenizedRequest request, TrainedSettings settings, IEnumerable<EditPart> parts) => new()
    {
        Request = request.Request,
        PromptTokens = request.Tokens.Prompt,
        TargetTokens = request.Tokens.Target,
        Settings = settings,
        Parts = [.. parts],
    };

    private static TrainedNetFile FileOf(TrainedSettings settings, TeachingContext context)
    {
        TrainedNetFile file = context.Once(() => TrainedNetFile.Open(context.NetFile, settings.Method, context.Model));
        return settings == file.Settings ? file : throw new InputException(
            $"{file.Path}: is another network than the one that the edits' settings name"
                + $"{(settings.Net is { } named ? $", whose SHA-256 begins with {named[..Math.Min(12, named.Length)]}" : "")}.",
            "name that one by --net FILE.");
    }
}

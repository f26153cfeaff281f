using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>Edits by a trained network, one after the other, each on the model with those before it.</summary>
internal static class NetTeaching
{
    /// <summary>One by one; that there is a network is known before anything is taught.</summary>
    /// <exception cref="InputException">There is none, or it is another method's or model's.</exception>
    public static IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, TrainedSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(context);
        if (requests.Count > 0 && settings.NeedsNet) FileOf(settings, context);
        return requests.Select(request => (TokenizedRequest[])[request]);
    }

    /// <summary>One pass for each edit, there and back through the edited blocks only, and what the network makes of its rows.</summary>
    /// <inheritdoc cref="IEditor.Costs"/>
    public static EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, TrainedSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var model = new ModelCosts(config);
        IReadOnlyList<MlpMatrix> matrices = settings.Matrices;
        int first = matrices[0].Layer, above = config.NLayer - first, n = config.NEmbd + config.NInner;
        double tokens = requests.Sum(request => (double)request.Tokens.Input.Length), rows = matrices.Sum(matrix => requests.Sum(
            request => (double)(IsWhole(matrix) ? request.Tokens.Input : request.Tokens.Target).Length));
        double answers = requests.Sum(request => (double)request.Tokens.Target.Length);
        double weights = (double)matrices.Count * config.NEmbd * config.NInner * sizeof(float);
        double flops = (tokens * first * model.Block) + model.ThereAndBack(tokens, above, answers) + (rows * settings.FlopsPerRow(config));
        return new EditorCosts(requests.Count, flops, (int)(tokens / requests.Count))
        {
            Memory = requests.Max(request => model.Tape(request.Tokens.Input.Length, above, request.Tokens.Target.Length)) + (2 * weights),
            Stored = ((rows + ((double)requests.Count * matrices.Count * settings.MoreTerms)) * n)
                + (requests.Count * settings.MoreStored(config)),
        };

        bool IsWhole(MlpMatrix matrix) => settings.ReadsWholeText && matrix.Layer < config.NLayer - 1;
    }

    /// <summary>The edits of some requests, by the network.</summary>
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
        IEditorNet net = NetOf(soFar.Base, settings, context);
        Variable[] weights = [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];
        return Teach(requests, soFar, settings, context, apply, (_, gradient) => TermParts.Of(net.Change(weights, gradient)));
    }

    /// <summary>The same, whatever makes an edit of its gradient.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="soFar">The model before them.</param>
    /// <param name="settings">Say which gradients.</param>
    /// <param name="context">Ends the run.</param>
    /// <param name="apply">Puts an edit to work.</param>
    /// <param name="make">Makes an edit's parts, given the model before it.</param>
    public static IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, TrainedSettings settings, TeachingContext context,
        Func<EditedModel, Edit, EditedModel> apply, Func<EditedModel, EditGradient, IEnumerable<EditPart>> make)
    {
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            using BufferScope scope = soFar.Model.Device.Scope();
            EditGradient gradient = EditGradient.Of(soFar.Model, settings, [request.Tokens], context.Cancellation)[0];
            edits.Add(EditOf(request, settings, make(soFar, gradient)));
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

    /// <summary>The network that settings name, read once for a run.</summary>
    /// <exception cref="InputException">There is none, or it is another.</exception>
    public static IEditorNet NetOf(CausalLm model, TrainedSettings settings, TeachingContext context) =>
        (IEditorNet)context.Once(() => FileOf(settings, context).Load(model));

    /// <summary>The file of the network that settings name.</summary>
    /// <exception cref="InputException">There is none, or it is another.</exception>
    public static TrainedNetFile FileOf(NetSettings settings, TeachingContext context)
    {
        TrainedNetFile file = context.Once(() => TrainedNetFile.Open(context.NetFile, settings.Method, context.Model));
        return settings.Takes(file.Settings) ? file : throw new InputException(
            $"{file.Path}: is another network than the one that the edits' settings name"
                + $"{(settings.Net is { } named ? $", whose SHA-256 begins with {named[..Math.Min(12, named.Length)]}" : "")}.",
            "name that one by --net FILE.");
    }
}

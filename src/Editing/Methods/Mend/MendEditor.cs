using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Mend;

/// <summary>
/// MEND (Mitchell et al. 2022, "Fast Model Editing at Scale"): a network that was trained on other edits turns the gradient of a new one,
/// taken apart into the rows it is made of, into the change of weights. A variant does without the network.
/// </summary>
public sealed class MendEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => MendSettings.Name;

    /// <inheritdoc/>
    public string Description => "A trained network turns each edit's gradient into a low-rank change of the last blocks' MLPs.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.TermDropped;

    /// <inheritdoc/>
    public Type SettingsType => typeof(MendSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => MendSettings.For(config, variant ?? MendSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(context);
        return NetTeaching.Batches(requests, (MendSettings)settings, context);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        return NetTeaching.Costs(requests, config, (MendSettings)settings);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var how = (MendSettings)settings;
        if (how.NeedsNet) return NetTeaching.Teach(requests, soFar, how, context, (model, edit) => Apply(model, [edit]));
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            using BufferScope scope = soFar.Model.Device.Scope();
            EditGradient gradient = EditGradient.Of(soFar.Model, how.Matrices, [request.Tokens], context.Cancellation)[0];
            edits.Add(NetTeaching.EditOf(request, how, WhitenedGradient.PartsOf(how, soFar, gradient)));
            soFar = Apply(soFar, [edits[^1]]);
        }

        return edits;
    }

    /// <summary>Adds the terms of every active edit, one after the other.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        return WhitenedGradient.Carrying(soFar with { Model = TermParts.Apply(soFar.Model, edits) }, edits);
    }
}

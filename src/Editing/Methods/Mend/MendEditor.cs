using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Trained;
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
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(MendSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => MendSettings.For(config, variant ?? MendSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        NetTeaching.Batches(requests, (MendSettings)settings, context);

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) =>
        NetTeaching.Costs(requests, config, (MendSettings)settings);

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var how = (MendSettings)settings;
        return how.NeedsNet
            ? NetTeaching.Teach(requests, soFar, how, context, Applied)
            : NetTeaching.Teach(
                requests, soFar, how, context, Applied, (model, gradient) => WhitenedGradient.PartsOf(how, model, gradient));

        EditedModel Applied(EditedModel model, Edit edit) => Apply(model, [edit]);
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

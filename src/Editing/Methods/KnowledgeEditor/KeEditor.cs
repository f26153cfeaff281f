using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.KnowledgeEditor;

/// <summary>
/// KnowledgeEditor (De Cao et al. 2021, "Editing Factual Knowledge in Language Models"), in the form for GPT that MEND's authors compare
/// with: a network reads the edit as text and says how its gradient is to be scaled, gated and shifted.
/// </summary>
public sealed class KeEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => KeSettings.Name;

    /// <inheritdoc/>
    public string Description => "A trained network reads each edit and scales, gates and shifts its gradient in the last blocks' MLPs.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.TermDropped;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(KeSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => KeSettings.For(config);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        NetTeaching.Batches(requests, (KeSettings)settings, context);

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) =>
        NetTeaching.Costs(requests, config, (KeSettings)settings);

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        return NetTeaching.Teach(requests, soFar, (KeSettings)settings, context, (model, edit) => Apply(model, [edit]));
    }

    /// <summary>Adds the terms of every active edit, one after the other.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        return soFar with { Model = TermParts.Apply(soFar.Model, edits) };
    }
}

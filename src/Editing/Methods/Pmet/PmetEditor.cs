using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Pmet;

/// <summary>
/// PMET (Li et al. 2024, "PMET: Precise Model Editing in a Transformer"): MEMIT's solution for the MLP's output, found while the
/// attention's may move too, and spread over the blocks by the square root.
/// </summary>
public sealed class PmetEditor : IEditor
{
    /// <summary>The method as messages call it.</summary>
    internal const string Title = "PMET";

    /// <inheritdoc/>
    public string Name => PmetSettings.Name;

    /// <inheritdoc/>
    public string Description => "As memit, with values of the MLP alone and more of the change in the lower blocks.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Batch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(PmetSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        PmetSettings.For(config, variant ?? PmetSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        BatchTeaching.Batches(Title, requests, (PmetSettings)settings, context);

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) =>
        BatchTeaching.Costs(requests, config, (PmetSettings)settings);

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context) =>
        BatchTeaching.LeastSquares(Title, context).Teach(requests, soFar, (PmetSettings)settings, context);

    /// <summary>Solves every batch again for those of its edits that are active.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => BatchTeaching.Apply(soFar, edits);
}

using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memit;

/// <summary>
/// MEMIT (Meng et al. 2023, "Mass-Editing Memory in a Transformer"): many associations at once, spread over the second MLP matrices of
/// several blocks, each by the least-squares solution W += R·Kᵀ·(λC + K·Kᵀ)⁻¹.
/// </summary>
public sealed class MemitEditor : IEditor
{
    /// <summary>The method as messages call it.</summary>
    internal const string Title = "MEMIT";

    /// <inheritdoc/>
    public string Name => MemitSettings.Name;

    /// <inheritdoc/>
    public string Description => "One least-squares change of several MLPs' second matrices for a batch of edits.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Batch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(MemitSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        MemitSettings.For(config, variant ?? MemitSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        BatchTeaching.Batches(Title, requests, (MemitSettings)settings, context);

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) =>
        BatchTeaching.Costs(requests, config, (MemitSettings)settings);

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context) =>
        BatchTeaching.LeastSquares(Title, context).Teach(requests, soFar, (MemitSettings)settings, context);

    /// <summary>Solves every batch again for those of its edits that are active.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => BatchTeaching.Apply(soFar, edits);
}

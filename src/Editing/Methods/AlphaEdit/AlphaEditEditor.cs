using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Statistics;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.AlphaEdit;

/// <summary>
/// AlphaEdit (Fang et al. 2025, "AlphaEdit: Null-Space Constrained Knowledge Editing for Language Models"): MEMIT's spreading, with a
/// change that moves only what the texts of the statistics hardly use, and that leaves the answers of earlier batches nearly as they are:
/// W += (P·(K·Kᵀ + K₀·K₀ᵀ) + λI)⁻¹·P·K·Rᵀ, K₀ being the earlier keys, W stored as [m,C].
/// </summary>
public sealed class AlphaEditEditor : IEditor
{
    /// <summary>The method as messages call it.</summary>
    internal const string Title = "AlphaEdit";

    /// <inheritdoc/>
    public string Name => AlphaEditSettings.Name;

    /// <inheritdoc/>
    public string Description => "As memit, within directions that the model's known keys hardly have, past the keys of earlier batches.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Batch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(AlphaEditSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        AlphaEditSettings.For(config, variant ?? AlphaEditSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        BatchTeaching.Batches(Title, requests, (AlphaEditSettings)settings, context);

    /// <summary>Its free directions, which are kept, count as if they were to be found.</summary>
    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (AlphaEditSettings)settings;
        double m = config.NInner, past = (double)requests.Count * requests.Count / 2 * m; // keys of earlier batches, once for each batch
        EditorCosts costs = BatchTeaching.Costs(requests, config, how, sides => 4 * m * m * sides);
        double eigen = NullSpace.Flops(m);
        return costs with { HostFlops = costs.HostFlops + (how.Layers * (eigen + (costs.Batches > 1 ? costs.Batches * past : 0))) };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        var how = (AlphaEditSettings)settings;
        KeysSoFar known = KeysSoFar.Of(soFar);
        var teaching = new BatchTeaching(Title, (layer, keys, host) =>
        {
            (string folder, ModelFingerprint model) = KeyCovariance.Place(Title, layer, context);
            return NullSpace.Of(folder, model, layer, how.Threshold, how.Energy, host, context.Cancellation).Project(keys);
        });
        return (teaching with { Earlier = layer => known.At(layer) }).Teach(requests, soFar, how, context);
    }

    /// <summary>
    /// Solves every batch again for those of its edits that are active, past the active ones of earlier batches, those that
    /// <paramref name="soFar"/> has included.
    /// </summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        IReadOnlyList<Edit>[] batches = [.. BatchParts.Batches(edits)];
        if (batches.Length == 0) return soFar;
        KeysSoFar known = KeysSoFar.Of(soFar);
        return HostDevice.Run(soFar.Model.Device, host =>
        {
            EditedModel edited = soFar;
            foreach (int layer in batches.SelectMany(batch => Settings(batch).AllLayers).Distinct().Order())
            {
                IReadOnlyList<Edit>[] here = [.. batches.Where(batch => Settings(batch).AllLayers.Contains(layer))];
                EditColumn[][] columns = [.. here.Select(batch => batch.Select(edit => BatchParts.Column(edit, layer)).ToArray())];
                var change = new LayerChange(edited.Model, layer, host);
                change.Add(known.At(layer), columns, [.. here.Select(batch => Settings(batch).Ridge)]);
                known = known.With(layer, columns.SelectMany(column => column));
                edited = edited with { Model = change.Model };
            }

            return edited with { Carried = edited.Carried.SetItem(AlphaEditSettings.Name, known) };
        });
    }

    private static AlphaEditSettings Settings(IReadOnlyList<Edit> batch) => (AlphaEditSettings)batch[0].Settings;

    /// <summary>The columns of all edits of this method that a model has, by block: a value that goes along with the model.</summary>
    private sealed record KeysSoFar(ImmutableDictionary<int, ImmutableArray<EditColumn>> Columns)
    {
        private static readonly KeysSoFar None = new(ImmutableDictionary<int, ImmutableArray<EditColumn>>.Empty);

        public static KeysSoFar Of(EditedModel model) => model.Carried.GetValueOrDefault(AlphaEditSettings.Name) as KeysSoFar ?? None;

        public ImmutableArray<EditColumn> At(int layer) => Columns.TryGetValue(layer, out ImmutableArray<EditColumn> known) ? known : [];

        public KeysSoFar With(int layer, IEnumerable<EditColumn> more) => new(Columns.SetItem(layer, [.. At(layer), .. more]));
    }
}

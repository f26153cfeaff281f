using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Sola;

/// <summary>
/// Edits with an adapter each. The edit whose key is nearest to a prompt, and near enough, has its adapter switched on for the prompt and
/// all that is written after it; no other reads along.
/// </summary>
internal sealed class SolaRouter : IPromptRouter
{
    private readonly Device device;
    private readonly KeyTable table;
    private readonly IReadOnlyList<Adapter> adapters; // in the order of the keys

    private SolaRouter(Device device, PromptEmbedding embedding, ulong seed, IReadOnlyList<Adapter> adapters)
    {
        (this.device, Embedding, Seed, this.adapters) = (device, embedding, seed, adapters);
        table = new KeyTable(device, KeyMetric.Cosine, [.. adapters.Select(adapter => adapter.Key)]);
    }

    /// <summary>How prompts become what keys are compared with.</summary>
    public PromptEmbedding Embedding { get; }

    /// <summary>Seeded the texts behind <see cref="Embedding"/>.</summary>
    public ulong Seed { get; }

    /// <summary>Whether an edit's key can be compared with these.</summary>
    public bool Takes(Edit edit) => PromptEmbedding.Of(edit, ((SolaSettings)edit.Settings).KeyLayer).IsSame(Embedding);

    /// <summary>Edits that are the first of their kind.</summary>
    public static SolaRouter Of(Device device, IReadOnlyList<Edit> edits)
    {
        var settings = (SolaSettings)edits[0].Settings;
        var embedding = PromptEmbedding.Of(edits[0], settings.KeyLayer);
        return new SolaRouter(device, embedding, settings.Seed, [.. edits.Select(edit => new Adapter(edit, device))]);
    }

    /// <summary>The same with more edits behind these.</summary>
    public SolaRouter With(IEnumerable<Edit> edits) =>
        new(device, Embedding, Seed, [.. adapters, .. edits.Select(edit => new Adapter(edit, device))]);

    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default) =>
        Embedding.Embed(model, prompts, cancellation);

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with { Model = adapters[firing.Index].In(soFar.Model) };
    }

    /// <inheritdoc/>
    public bool Holds(long edit) => table.Holds(edit);

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null) => table.Fire(read, withdrawn);

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => table.Nearest(read, count);

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens) => table.Claims(read);

    /// <summary>An edit's key, and its adapter, which goes to the device when it is first switched on.</summary>
    private sealed class Adapter
    {
        private readonly Lazy<AdapterPair[]> pairs;
        private readonly float scale;

        public Adapter(Edit edit, Device device)
        {
            var settings = (SolaSettings)edit.Settings;
            EditPart key = edit.Part(EmbeddedKeys.KeyName)
                ?? throw new ArgumentException($"SoLA: edit {edit.Id} has no part '{EmbeddedKeys.KeyName}'.");
            Key = new EditKey(edit.Id, Part: 0, edit.TargetTokens[0], key.Values, settings.Theta);
            scale = settings.Scale;
            pairs = new(() => [.. settings.Matrices.Select(matrix => AdapterPair.Of(edit, matrix, device))]);
        }

        public EditKey Key { get; }

        public CausalLm In(CausalLm model) => AdapterPair.Added(model, pairs.Value, scale);
    }
}

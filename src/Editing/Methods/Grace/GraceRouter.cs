using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Grace;

/// <summary>
/// Edits of one block that answer a prompt whose last token is read near one of their keys. The nearest key decides. What is computed from
/// the edits is computed when it is first asked for, and entries are shared: to add an edit costs little.
/// </summary>
internal sealed class GraceRouter : IPromptRouter
{
    private readonly Device device;
    private readonly ImmutableList<GraceEntry> entries;
    private readonly Lazy<IReadOnlyList<CodebookKey>> keys;
    private readonly Lazy<KeyTable> table;
    private readonly Lazy<Dictionary<long, GraceEntry>> byEdit;
    private readonly ConcurrentDictionary<long, GraceRouter> without = [];

    /// <summary>Nothing yet.</summary>
    public GraceRouter(Device device, int layer, bool asPublished)
        : this(device, layer, asPublished ? [] : null, [])
    {
    }

    private GraceRouter(Device device, int layer, ImmutableList<CodebookKey>? published, ImmutableList<GraceEntry> entries)
    {
        (this.device, Layer, Published, this.entries) = (device, layer, published, entries);
        keys = new(() => Published ?? Codebook.Of([.. entries]));
        byEdit = new(() => entries.ToDictionary(entry => entry.Edit));
        table = new(() => new KeyTable(device, KeyMetric.Distance, [.. keys.Value.Select(key =>
            new EditKey(key.Latest.Edit, 0, key.Latest.Target[0], key.Key, KeyDistance.Threshold(key.Radius)))]));
    }

    /// <summary>The block, 0-based.</summary>
    public int Layer { get; }

    /// <summary>The keys as the released program has them; null where they are mended.</summary>
    public ImmutableList<CodebookKey>? Published { get; }

    /// <summary>The keys, with how far around them edits answer.</summary>
    public IReadOnlyList<CodebookKey> Keys => keys.Value;

    /// <summary>The same with more edits.</summary>
    public GraceRouter With(IReadOnlyList<GraceEntry> more) => new(
        device, Layer, Published is null ? null : more.Aggregate(Published, (so, entry) => Codebook.Add(so, entry).Keys),
        entries.AddRange(more));

    /// <inheritdoc/>
    public bool Holds(long edit) => byEdit.Value.ContainsKey(edit);

    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default) =>
        PromptStates.Last(model, Layer, Site.MlpInput, prompts, cancellation);

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with { OpeningsAt = byEdit.Value[firing.Edit].OpeningsAt };
    }

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        Firing[] firings = table.Value.Fire(read, withdrawn);
        for (int r = 0; withdrawn is not null && r < firings.Length; r++)
        {
            if (withdrawn[r] is not { } edit || !Holds(edit)) continue;
            if (Published is not null) firings[r] = Without(edit).Fire(read.Slice(r, 1), tokens)[0];
            else if (firings[r].Edit != 0 && Keys[firings[r].Index] is { } key && key.Rival == edit)
                firings[r] = Within(firings[r], KeyDistance.Threshold(key.RadiusWithoutRival));
        }

        return firings;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => table.Value.Nearest(read, count);

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens) => table.Value.Claims(read);

    private static Firing Within(Firing firing, float threshold) => firing with
    {
        Threshold = threshold,
        Margin = firing.Score - threshold,
        Strength = firing.Score > threshold ? 1 : 0,
    };

    /// <summary>The edits but one, folded anew: of shared keys and of radii in order of arrival nothing less will do.</summary>
    private GraceRouter Without(long edit) => without.GetOrAdd(edit, _ =>
        new GraceRouter(device, Layer, asPublished: true).With([.. entries.Where(entry => entry.Edit != edit)]));
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sharpformer.Autograd;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Melo;

/// <summary>
/// Edits that put a block of LoRA to work for prompts that fall into a cluster of theirs: that of the nearest of the cluster's points. The
/// index is folded when it is first asked for, and points are shared: to add an edit costs little.
/// </summary>
internal sealed class MeloRouter : IPromptRouter
{
    private readonly Device device;
    private readonly ImmutableList<MeloPoint> points;
    private readonly Lazy<MeloIndex> index;
    private readonly Lazy<KeyTable> centres; // what they call an edit is a cluster, counted from 1
    private readonly Lazy<Dictionary<long, MeloPoint>> byEdit;
    private readonly ConcurrentDictionary<long, MeloRouter> without = [];

    /// <summary>A router of points.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="settings">Say by what prompts are known and how the index is kept.</param>
    /// <param name="points">The points in order.</param>
    public MeloRouter(Device device, MeloSettings settings, ImmutableList<MeloPoint> points)
    {
        (this.device, Settings, this.points) = (device, settings, points);
        index = new(() => points.Aggregate(
            new MeloIndex([], settings.Radius, settings.AsPublished), (soFar, point) => soFar.With(point)));
        centres = new(() => new KeyTable(device, KeyMetric.Distance, [.. index.Value.Clusters.Select((cluster, i) =>
            new EditKey(i + 1, 0, 0, cluster.Centre, KeyDistance.Threshold(cluster.Radius)))]));
        byEdit = new(() => points.ToDictionary(point => point.Edit));
    }

    /// <summary>Say by what prompts are known and how the index is kept.</summary>
    public MeloSettings Settings { get; }

    /// <summary>The block of the point that came last; null for none.</summary>
    public MeloBlock? LastBlock => points.IsEmpty ? null : points[^1].Block;

    /// <summary>The index.</summary>
    public MeloIndex Index => index.Value;

    /// <summary>
    /// What prompts are known by: what the first MLP matrix of a block gives at their last tokens, <c>[prompts,NInner]</c>.
    /// </summary>
    public static Tensor Keys(CausalLm model, int block, IReadOnlyList<int[]> prompts, CancellationToken cancellation) =>
        PromptStates.Of(
            model, block, Site.MlpInput, prompts,
            (rows, tokens) => model.Blocks[block].Mlp.Up.Forward(Ops.Embedding(rows, tokens.LastRows())).Value.ToArray(), cancellation);

    /// <summary>The same with more points.</summary>
    public MeloRouter With(IEnumerable<MeloPoint> more) => new(device, Settings, points.AddRange(more));

    /// <inheritdoc/>
    public bool Holds(long edit) => byEdit.Value.ContainsKey(edit);

    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default) =>
        Keys(model, Settings.KeyLayer, prompts, cancellation);

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with { Model = byEdit.Value[firing.Edit].Block!.On(soFar.Model) };
    }

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        Firing[] nearest = centres.Value.Fire(read);
        IReadOnlyList<Firing>[] around = Settings.AsPublished ? [] : centres.Value.Claims(read);
        float[][] rows = Rows(read);
        return [.. nearest.Select((one, r) => withdrawn?[r] is { } edit && Holds(edit)
            ? Without(edit).Fire(read.Slice(r, 1), tokens)[0]
            : OfPoint(around.Length > 0 && around[r].Count > 0 ? around[r][0] : one, rows[r]))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count)
    {
        ArgumentNullException.ThrowIfNull(read);
        float[] row = read.ToArray();
        Firing first = Fire(read, tokens)[0];
        return [.. new[] { first }.Concat(centres.Value.Nearest(read, count).Select(one => OfPoint(one, row)))
            .Where(one => one.Edit != 0).DistinctBy(one => one.Index).Take(count)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens)
    {
        ArgumentNullException.ThrowIfNull(read);
        float[][] rows = Rows(read);
        return [.. centres.Value.Claims(read).Select((claims, r) =>
            (IReadOnlyList<Firing>)[.. claims.Select(one => OfPoint(one, rows[r]))])];
    }

    /// <summary>Which edit speaks for a cluster at a row.</summary>
    private Firing OfPoint(Firing cluster, float[] row)
    {
        if (cluster.Edit == 0) return cluster;
        ImmutableList<MeloPoint> within = Index.Clusters[cluster.Index].Points;
        MeloPoint nearest = within.Count == 1 ? within[0] : within.MinBy(point => KeyDistance.Of(point.Key, row))!;
        return cluster with { Edit = nearest.Edit, Token = nearest.Target[0] };
    }

    /// <summary>The points but one, folded anew: clusters depend on all that came before.</summary>
    private MeloRouter Without(long edit) => without.GetOrAdd(edit, _ =>
        new MeloRouter(device, Settings, [.. points.Where(point => point.Edit != edit)]));

    private static float[][] Rows(Tensor read) => [.. read.ToArray().Chunk(read.Columns)];
}

using System.Collections.Concurrent;
using Sharpformer.Autograd;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Wise;

/// <summary>A shard of edits that share one change.</summary>
/// <param name="Holder">Its first edit, which has the parts.</param>
/// <param name="Edits">The ids of all.</param>
internal sealed record WiseShard(Edit Holder, IReadOnlyList<long> Edits)
{
    /// <summary>How many edits earlier shards have.</summary>
    public long Before { get; } = WiseParts.BeforeOf(Holder);
}

/// <summary>
/// Side memories of one block: of those that move a prompt's states farther than their threshold the one that moves them farthest reads
/// the prompt and all that follows: <c>y = x·W'</c> for <c>x·W₀</c>. It speaks in the name of its first edit. Shards are merged here,
/// so nothing is stored of it.
/// </summary>
internal sealed class WiseRouter : IPromptRouter
{
    private readonly Device device;
    private readonly int columns;
    private readonly Memory[] memories;
    private readonly HashSet<long> edits;
    private readonly ConcurrentDictionary<int, Func<int[], IReadOnlyList<Opening>>> openings = new(); // routes are told apart by it

    /// <summary>A router of shards.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="columns">C.</param>
    /// <param name="shards">At least one, all with the same settings but for the seed, in order.</param>
    public WiseRouter(Device device, int columns, IReadOnlyList<WiseShard> shards)
    {
        (this.device, this.columns, Shards, Settings) = (device, columns, shards, (WiseSettings)shards[0].Holder.Settings);
        long most = Math.Max(1, Settings.MergeEvery), end = shards.Max(shard => shard.Before + shard.Edits.Count);
        memories = [.. shards.GroupBy(shard => shard.Before / most)
            .SelectMany(group => end >= (group.Key + 1) * most ? [group.ToArray()] : group.Select(shard => new[] { shard }))
            .Select(merged => new Memory(merged, new Lazy<Tensor>(() => Merged(merged))))];
        edits = [.. shards.SelectMany(shard => shard.Edits)];
    }

    /// <summary>The settings of its first edit.</summary>
    public WiseSettings Settings { get; }

    /// <summary>Its shards.</summary>
    public IReadOnlyList<WiseShard> Shards { get; }

    /// <summary>W' - W₀ of each memory, <c>[m,C]</c>.</summary>
    public IReadOnlyList<Tensor> Deltas => [.. memories.Select(memory => memory.Delta.Value)];

    /// <summary>W' - W₀ beside the matrix, as an opening.</summary>
    public static Opening OpeningOf(int block, Func<Variable> delta) => new(block, Site.MlpHidden, Site.MlpOutput, Reach.All,
        (x, passing) => Ops.Add(passing, Ops.MatMul(x, delta())));

    /// <summary>D of each memory.</summary>
    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default) =>
        Movement.Read(model, Settings.Layer, prompts, Deltas, cancellation);

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with
        {
            OpeningsAt = openings.GetOrAdd(firing.Index, i =>
            {
                Opening opening = OpeningOf(Settings.Layer, () => memories[i].Delta.Value);
                return _ => [opening];
            }),
        };
    }

    /// <inheritdoc/>
    public bool Holds(long edit) => edits.Contains(edit);

    /// <summary>An edit that is to be taken as withdrawn takes its whole memory along.</summary>
    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        float[] moved = read.ToArray();
        return [.. Enumerable.Range(0, read.Rows).Select(r => Ordered(moved, r, withdrawn?[r]).FirstOrDefault())];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count)
    {
        ArgumentNullException.ThrowIfNull(read);
        return [.. Ordered(read.ToArray(), 0, without: null).Take(count)];
    }

    /// <summary>None: a memory says that one of its edits is asked for, and not which.</summary>
    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens)
    {
        ArgumentNullException.ThrowIfNull(read);
        return [.. Enumerable.Repeat<IReadOnlyList<Firing>>([], read.Rows)];
    }

    /// <summary>Memories that exceed their threshold, by how far they move; then the others, by how much is missing.</summary>
    private IEnumerable<Firing> Ordered(float[] moved, int row, long? without) => Enumerable.Range(0, memories.Length)
        .Where(i => without is null || !memories[i].Shards.Any(shard => shard.Edits.Contains(without.Value)))
        .Select(i => memories[i].FiringOf(i, moved[(row * memories.Length) + i]))
        .OrderByDescending(firing => firing.Adds).ThenByDescending(firing => firing.Adds ? firing.Score : firing.Margin)
        .ThenBy(firing => firing.Index);

    private Tensor Merged(WiseShard[] shards)
    {
        float[][] changes = [.. shards.Select(shard => WiseParts.DeltaOf(shard.Holder, columns))];
        float[] change = changes is [var only] ? only : TiesMerge.Of(changes, Settings.MergeDensity);
        Tensor delta = device.AllocateUnscoped(new Shape(change.Length / columns, columns)); // lives as long as the router
        device.Upload(change, delta);
        return delta;
    }

    private sealed record Memory(WiseShard[] Shards, Lazy<Tensor> Delta)
    {
        private readonly float threshold = ((WiseSettings)Shards[0].Holder.Settings).ActRatio
            * Shards.Min(shard => WiseParts.EpsilonOf(shard.Holder));

        public Firing FiringOf(int index, float moved) => new(
            index, Shards[0].Holder.Id, Part: 0, Shards[0].Holder.TargetTokens[0], moved - threshold, threshold,
            Strength: moved - threshold > 0 ? 1 : 0, IsWithdrawn: false)
        {
            IsJoint = true,
        };
    }
}

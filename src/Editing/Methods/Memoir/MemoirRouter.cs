using System.Collections.Concurrent;
using Sharpformer.Autograd;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// Edits beside the second MLP matrix of one block: the edit whose mask shares most rows with the prompt's opens its rows of the shared
/// memory, for the prompt and all that follows: <c>y = x·W₀ + (x ⊙ M)·W_m</c>.
/// </summary>
internal sealed class MemoirRouter : IPromptRouter
{
    private readonly TopHash hash;
    private readonly ulong seed;
    private readonly MaskTable table;
    private readonly ConcurrentDictionary<int, Func<int[], IReadOnlyList<Opening>>> openings = new(); // by mask

    private MemoirRouter(MemoirFeature feature, TopHash hash, ulong seed, MaskTable table, SharedMemory memory) =>
        (Feature, this.hash, this.seed, this.table, Memory) = (feature, hash, seed, table, memory);

    /// <summary>What prompts are known by.</summary>
    public MemoirFeature Feature { get; }

    /// <summary>W_m.</summary>
    public SharedMemory Memory { get; }

    /// <summary>A router without edits.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="feature">What prompts are known by.</param>
    /// <param name="settings">Say how they are hashed.</param>
    public static MemoirRouter Empty(CausalLm model, MemoirFeature feature, MemoirSettings settings)
    {
        int m = feature.Mean.Length;
        return new MemoirRouter(
            feature, new TopHash(m, settings.Active(m), settings.Seed), settings.Seed, new MaskTable(m),
            new SharedMemory(model.Device, m, model.Config.NEmbd));
    }

    /// <summary>What x adds in the rows of a mask, as an opening that is given W_m, trained or not.</summary>
    /// <param name="block">The block, 0-based.</param>
    /// <param name="width">m.</param>
    /// <param name="rows">The mask.</param>
    /// <param name="memory">W_m.</param>
    public static Opening OpeningOf(int block, int width, int[] rows, Func<Variable> memory)
    {
        float[] mask = new float[width];
        foreach (int row in rows) mask[row] = 1;
        return new Opening(block, Site.MlpHidden, Site.MlpOutput, Reach.All, (x, passing) =>
            Ops.Add(passing, Ops.MatMul(Ops.Multiply(x, x.Device.From(mask, width)), memory())));
    }

    /// <summary>Whether edits of such settings and such a feature can be among its own.</summary>
    public bool Fits(MemoirSettings settings) =>
        settings.Layer == Feature.Block && settings.Seed == seed && settings.Active(hash.Width) == hash.Active;

    /// <summary>The same with more edits.</summary>
    public MemoirRouter With(IReadOnlyList<Edit> edits) => new(
        Feature, hash, seed,
        table.With(new MaskTable(hash.Width, [.. edits.Select(edit => new EditMask(
            edit.Id, edit.TargetTokens[0], MemoirParts.RowsOf(edit), ((MemoirSettings)edit.Settings).Overlap))])),
        Memory.With(edits));

    /// <summary>The mask of a prompt as an edit is made with.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="first">The first token that counts.</param>
    public int[] MaskOf(CausalLm model, int[] prompt, int first) => Feature.Rows(model, hash, [prompt], first)[0];

    /// <summary>The rows of the memory that each prompt would use, ascending.</summary>
    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int[][] rows = Feature.Rows(model, hash, prompts, cancellation: cancellation);
        return model.Device.From([.. rows.SelectMany(of => of.Select(row => (float)row))], prompts.Count, hash.Active);
    }

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with
        {
            OpeningsAt = openings.GetOrAdd(firing.Index, i =>
            {
                Opening opening = OpeningOf(Feature.Block, hash.Width, table.Masks[i].Rows, () => Memory.Sum());
                return _ => [opening];
            }),
        };
    }

    /// <inheritdoc/>
    public bool Holds(long edit) => table.Holds(edit);

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null) => table.Fire(RowsOf(read), withdrawn);

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => [.. table.Nearest(RowsOf(read)[0]).Take(count)];

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens) =>
        [.. RowsOf(read).Select(rows => (IReadOnlyList<Firing>)[.. table.Nearest(rows).Where(firing => firing.Margin > 0)])];

    private int[][] RowsOf(Tensor read) => [.. read.ToArray().Select(row => (int)row).Chunk(hash.Active)];
}

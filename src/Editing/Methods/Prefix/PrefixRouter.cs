using Sharpformer.Autograd;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Prefix;

/// <summary>
/// Learnt positions before every prompt, those of later batches behind those of earlier ones. It has no scope: it answers whatever is
/// asked, as the first edit of its last batch, and claims nothing for itself.
/// </summary>
internal sealed class PrefixRouter : IPromptRouter
{
    private const int Anything = 0; // the token at the learnt positions: what it is makes no difference

    private readonly (EditPart Prefix, long[] Edits, int Token)[] batches;
    private readonly HashSet<long> edits;
    private readonly Device device;
    private readonly Lazy<IReadOnlyList<Opening>> openings;
    private readonly Func<int[], IReadOnlyList<Opening>> openingsAt;

    /// <summary>A router of some batches, at least one.</summary>
    /// <param name="batches">Each with its prefix, its edits and the first token that the first of them wants said.</param>
    /// <param name="device">Where it computes.</param>
    public PrefixRouter((EditPart Prefix, long[] Edits, int Token)[] batches, Device device)
    {
        (this.batches, this.device) = (batches, device);
        edits = [.. batches.SelectMany(batch => batch.Edits)];
        openings = new Lazy<IReadOnlyList<Opening>>(Openings);
        openingsAt = _ => openings.Value;
    }

    /// <summary>How many positions are learnt, over all batches.</summary>
    public int Length => batches.Sum(batch => batch.Prefix.Shape[1]);

    /// <summary>A router with more batches behind these.</summary>
    public PrefixRouter With(IEnumerable<(EditPart Prefix, long[] Edits, int Token)> more) =>
        new([.. batches, .. more], device);

    /// <inheritdoc/>
    public bool Holds(long edit) => edits.Contains(edit);

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        (_, long[] own, int token) = batches[^1];
        return [.. Enumerable.Repeat(new Firing(0, own[0], 0, token, Margin: 1, Threshold: 0, Strength: 1, IsWithdrawn: false)
        {
            IsJoint = true,
        }, read.Rows)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => [.. Fire(read, tokens).Take(count)];

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens)
    {
        ArgumentNullException.ThrowIfNull(read);
        return [.. Enumerable.Repeat<IReadOnlyList<Firing>>([], read.Rows)];
    }

    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        return model.Device.Zeros(new Shape(prompts.Count, 1));
    }

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with { Prefix = [.. Enumerable.Repeat(Anything, Length)], OpeningsAt = openingsAt };
    }

    /// <summary>What sits in the openings of every block.</summary>
    public IReadOnlyList<Opening> Openings()
    {
        var all = new List<Opening>();
        int first = 0;
        foreach ((EditPart prefix, _, _) in batches)
        {
            Variable[] rows = [.. Enumerable.Range(0, prefix.Shape[0]).Select(block => (Variable)PrefixParts.Rows(prefix, block, device))];
            all.AddRange(PrefixParts.Openings(rows, first));
            first += prefix.Shape[1];
        }

        return all;
    }
}

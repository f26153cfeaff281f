using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// The last position of each sequence once more, with the openings that act on it alone. The base pass is watched at the lowest
/// block that has some: only if one of them changes what it sees there does anything run again.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="cache">What the base pass fills.</param>
/// <param name="openings">Everything that sits in openings, in order; at least one acts on last positions only.</param>
internal sealed class LastPosition(CausalLm model, KvCache cache, IReadOnlyList<Opening> openings)
{
    private readonly Opening[] passing = [.. openings.Where(o => o.Reach == Reach.Last)];
    private readonly int block = openings.Where(o => o.Reach == Reach.Last).Min(o => o.Block);
    private readonly Dictionary<Site, Tensor> seen = []; // what the block's openings are about, at the last positions
    private Tensor? below; // the block's input there; null where nothing asks for it

    private IEnumerable<Opening> Lowest => passing.Where(o => o.Block == block);

    /// <summary>If the block's output is all that is changed there, the base pass has left everything that is needed.</summary>
    private bool WritesOutputsOnly => Lowest.All(o => o.Writes == Site.BlockOutput) && !IsShared;

    /// <summary>
    /// Whether openings that last sit in the same block, so that what the base pass shows is not what the others will see.
    /// </summary>
    private bool IsShared => openings.Any(o => o.Block == block && o.Reach != Reach.Last);

    /// <summary>What has to look on during the base pass.</summary>
    /// <param name="B">Number of sequences.</param>
    public IEnumerable<Opening> Watch(int B)
    {
        seen.Clear();
        foreach (Site site in Lowest.SelectMany(o => new[] { o.Reads, o.Writes }).Distinct())
        {
            Tensor rows = seen[site] = NewRows(site.Width(model.Config));
            yield return Opening.Look(block, site, Reach.Last, passing => model.Device.Copy(passing.Value, rows));
        }

        if (WritesOutputsOnly || block == 0) yield break;
        Tensor inputs = below = NewRows(model.Config.NEmbd);
        yield return Opening.Look(block - 1, Site.BlockOutput, Reach.Last, passing => model.Device.Copy(passing.Value, inputs));

        Tensor NewRows(int columns) => model.Device.Allocate(B, columns);
    }

    /// <summary>The logits after the last positions, <c>[B,V]</c>; null where they are those of the base pass.</summary>
    /// <param name="tokens">What the base pass has read.</param>
    public Tensor? Logits(TokenBatch tokens)
    {
        Variable? output = Changed(new RowTokens(row => cache.TokensOf(row, cache.Lengths[row])));
        if (output is null && !IsShared && passing.All(o => o.Block == block)) return null;
        int[] positions = [.. cache.Lengths.Take(tokens.B).Select(length => length - 1)];
        (Variable from, int layer) = WritesOutputsOnly
            ? (output ?? seen[Site.BlockOutput], block)
            : (below ?? model.Embed(new TokenBatch([.. tokens.LastRows().Select(row => new[] { tokens.Ids[row] })]), positions), block - 1);
        Action restore = cache.SavePositions(positions, layer + 1);
        Tensor logits = model.TailLogits(from, layer, cache, positions, openings).Value;
        restore();
        return logits;
    }

    /// <summary>
    /// The block's output as its openings leave it, or whatever else they change of it; null if they change nothing. Up to the first
    /// change all is as the base pass has it, so to know that there is one it is enough to show them that.
    /// </summary>
    private Variable? Changed(RowTokens tokens)
    {
        Variable? output = null;
        foreach (Opening opening in Lowest)
        {
            Variable here = opening.Writes == Site.BlockOutput && output is not null ? output : seen[opening.Writes];
            output = opening.Change(opening.Reads == opening.Writes ? here : seen[opening.Reads], here, tokens) ?? output;
        }

        return output;
    }
}

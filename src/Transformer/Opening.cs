using Sharpformer.Autograd;

namespace Sharpformer.Transformer;

/// <summary>The places in a block where something may look at what passes, or change it, in the order in which it passes them.</summary>
public enum Site
{
    /// <summary>
    /// Queries, keys and values side by side as attention takes them, turned where positions turn them, <c>[rows,3·C]</c>.
    /// </summary>
    Qkv,

    /// <summary>x: what the MLP reads, <c>[rows,C]</c>.</summary>
    MlpInput,

    /// <summary>The MLP's inner channels behind their activation, <c>[rows,NInner]</c>.</summary>
    MlpHidden,

    /// <summary>What the MLP gives, before it is added to the residual stream, <c>[rows,C]</c>.</summary>
    MlpOutput,

    /// <summary>The residual stream behind the block, <c>[rows,C]</c>.</summary>
    BlockOutput,
}

/// <summary>What follows from a site.</summary>
public static class Sites
{
    /// <summary>How many numbers pass there for each position.</summary>
    public static int Width(this Site site, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return site switch
        {
            Site.Qkv => 3 * config.NEmbd,
            Site.MlpHidden => config.NInner,
            _ => config.NEmbd,
        };
    }
}

/// <summary>
/// Something that sits in one block: it reads at one site and may change what passes at the same or a later one. Tracing looks
/// through openings, and editors put what they have learnt into them. The block itself knows nothing of either.
/// </summary>
/// <param name="Block">The block, 0-based.</param>
/// <param name="Reads">Where it looks.</param>
/// <param name="Writes">Where it changes something; not before <paramref name="Reads"/>.</param>
/// <param name="Reach">At which positions.</param>
/// <param name="Change">
/// Given what passes at <paramref name="Reads"/> and at <paramref name="Writes"/>, rows of the positions reached, and the tokens behind
/// these rows, it returns what shall pass at the latter, or null to leave it alone.
/// </param>
public sealed record Opening(int Block, Site Reads, Site Writes, Reach Reach, Func<Variable, Variable, RowTokens, Variable?> Change)
{
    /// <summary>An opening that does not care which tokens were read.</summary>
    /// <inheritdoc cref="Opening(int, Site, Site, Reach, Func{Variable, Variable, RowTokens, Variable?})"/>
    public Opening(int block, Site reads, Site writes, Reach reach, Func<Variable, Variable, Variable?> change)
        : this(block, reads, writes, reach, (read, passing, _) => change(read, passing))
    {
    }

    /// <summary>An opening that only looks.</summary>
    /// <param name="block">The block, 0-based.</param>
    /// <param name="site">Where.</param>
    /// <param name="reach">At which positions.</param>
    /// <param name="see">Receives the rows, which last as long as the call.</param>
    public static Opening Look(int block, Site site, Reach reach, Action<Variable> see) => new(block, site, site, reach, (passing, _) =>
    {
        see(passing);
        return null;
    });
}

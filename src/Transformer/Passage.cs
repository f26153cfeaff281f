using Sharpformer.Autograd;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer;

/// <summary>One pass through a block whose openings are in use: it calls them in turn, each with the rows that it reaches.</summary>
internal sealed class Passage
{
    private readonly Opening[] openings;
    private readonly int[]?[] rows; // of each opening; null for all
    private readonly Variable?[] read; // what each has seen, if it writes at a later site
    private readonly RowTokens tokens; // of all rows

    private Passage(Opening[] openings, Func<Reach, int[]?> rowsOf, RowTokens tokens) =>
        (this.openings, rows, read, this.tokens) =
        (openings, [.. openings.Select(o => rowsOf(o.Reach))], new Variable?[openings.Length], tokens);

    /// <summary>A pass through one block; null where nothing sits in it.</summary>
    /// <param name="openings">What sits in all blocks.</param>
    /// <param name="block">The block.</param>
    /// <param name="rowsOf">The rows that a reach means in this pass; null for all of them.</param>
    /// <param name="tokens">The tokens behind all rows of this pass.</param>
    public static Passage? Through(IReadOnlyList<Opening> openings, int block, Func<Reach, int[]?> rowsOf, RowTokens tokens) =>
        openings.Any(o => o.Block == block) ? new Passage([.. openings.Where(o => o.Block == block)], rowsOf, tokens) : null;

    /// <summary>Whether something may change what passes a site.</summary>
    public bool Changes(Site site) => Array.Exists(openings, opening => opening.Writes == site);

    /// <summary>What passes a site once all that sits there has seen it.</summary>
    public Variable At(Site site, Variable passing)
    {
        for (int i = 0; i < openings.Length; i++)
        {
            Opening opening = openings[i];
            if (rows[i] is []) continue;
            bool isOneSite = opening.Reads == opening.Writes;
            if (opening.Reads == site && !isOneSite) read[i] = Reached(passing, i);
            if (opening.Writes != site) continue;
            Variable here = Reached(passing, i);
            RowTokens behind = rows[i] is { } reached ? tokens.Of(reached) : tokens;
            if (opening.Change(isOneSite ? here : read[i]!, here, behind) is { } changed)
                passing = rows[i] is { } some ? PutRows(passing, changed, some) : changed;
        }

        return passing;
    }

    private Variable Reached(Variable passing, int i) => rows[i] is { } some ? Embedding(passing, some) : passing;
}

namespace Sharpformer.Transformer;

/// <summary>
/// Where whole sequences begin with the same tokens a causal model makes the same of them, bit for bit: all of a block but attention
/// then runs once for all of them, and not at all for padding.
/// </summary>
/// <param name="Different">Positions of <c>[B·T]</c> that differ in the tokens up to them, U of them, the first of each.</param>
/// <param name="RowOf">Which of those each of the B·T positions is; padding goes along with its sequence's last token.</param>
internal sealed record SharedBeginnings(int[] Different, int[] RowOf)
{
    /// <summary>Laying out rows anew for attention costs something too.</summary>
    private const double WorthIt = 0.9;

    /// <summary>Those of a batch; null where there are too few to be worth it.</summary>
    public static SharedBeginnings? Of(TokenBatch tokens)
    {
        if (tokens.B == 1) return null;
        var rows = new Dictionary<(int Before, int Token), int>(tokens.Ids.Length);
        var different = new List<int>();
        int[] rowOf = new int[tokens.Ids.Length];
        for (int b = 0; b < tokens.B; b++)
        {
            int row = -1; // what comes before the first token
            for (int t = 0; t < tokens.T; t++)
            {
                int place = (b * tokens.T) + t;
                if (t < tokens.Lengths[b])
                {
                    (int, int) beginning = (row, tokens.Ids[place]);
                    if (!rows.TryGetValue(beginning, out row))
                    {
                        rows.Add(beginning, row = different.Count);
                        different.Add(place);
                    }
                }

                rowOf[place] = row;
            }
        }

        return different.Count <= WorthIt * rowOf.Length ? new SharedBeginnings([.. different], rowOf) : null;
    }
}

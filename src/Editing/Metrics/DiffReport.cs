namespace Sharpformer.Editing.Metrics;

/// <summary>A token that a model may say next.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Text">Its text.</param>
/// <param name="Probability">What the model gives it.</param>
public sealed record SaidToken(int Token, string Text, double Probability);

/// <summary>What two models say at one position.</summary>
/// <param name="Text">The prompt; of a longer text its last tokens before the answer.</param>
/// <param name="Position">How many tokens stand before the answer.</param>
/// <param name="Base">The base model's most likely tokens; null where it is the first model itself.</param>
/// <param name="Before">The first model's, most likely first.</param>
/// <param name="After">The second model's.</param>
/// <param name="Kl">KL(before ‖ after) in nats.</param>
/// <param name="EditBefore">The edit that answers in the first model; null where none does, and weights that were changed do not
/// tell.</param>
/// <param name="EditAfter">The same in the second model.</param>
public sealed record Difference(
    string Text, int Position, IReadOnlyList<SaidToken>? Base, IReadOnlyList<SaidToken> Before, IReadOnlyList<SaidToken> After, double Kl,
    long? EditBefore, long? EditAfter)
{
    /// <summary>Whether another token has become the most likely one.</summary>
    public bool IsChanged => Before[0].Token != After[0].Token;
}

/// <summary>How far two models are apart.</summary>
/// <param name="Positions">Positions that were compared.</param>
/// <param name="Changed">At how many another token has become the most likely one.</param>
/// <param name="Touched">At how many the distribution differs at all.</param>
/// <param name="Answered">At how many an edit answers in the second model.</param>
/// <param name="MeanKl">Mean KL(before ‖ after) in nats, over all positions.</param>
/// <param name="MaxKl">The largest.</param>
public sealed record Drift(int Positions, int Changed, int Touched, int Answered, double MeanKl, double MaxKl)
{
    /// <summary>Share of positions at which another token has become the most likely one, in percent.</summary>
    public double ChangedPercent => 100.0 * Changed / Positions;
}

/// <summary>Two models compared.</summary>
/// <param name="Differences">One per position, in the order of what was asked.</param>
public sealed record DiffReport(IReadOnlyList<Difference> Differences)
{
    /// <summary>All of it in a few numbers.</summary>
    public Drift Drift { get; } = new(
        Differences.Count, Differences.Count(d => d.IsChanged), Differences.Count(d => d.Kl != 0),
        Differences.Count(d => d.EditAfter is not null), Differences.Average(d => d.Kl), Differences.Max(Ordered));

    /// <summary>The same, most changed first; what is no number is worst of all.</summary>
    public IEnumerable<Difference> MostChanged => Differences.OrderByDescending(Ordered);

    private static double Ordered(Difference difference) => double.IsNaN(difference.Kl) ? double.PositiveInfinity : difference.Kl;
}

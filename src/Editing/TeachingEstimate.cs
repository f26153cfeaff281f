namespace Sharpformer.Editing;

/// <summary>What teaching would take on this machine, reckoned and not tried; see <see cref="Session.Estimate"/>.</summary>
/// <param name="Edits">How many edits would be taught.</param>
/// <param name="Costs">What the method foresees.</param>
/// <param name="FlopsPerSecond">What the device made of passes of as many tokens just now.</param>
/// <param name="HostFlopsPerSecond">What the CPU made of float64; 0 where the method needs none.</param>
/// <param name="Statistics">What is there of the statistics that the method needs.</param>
public sealed record TeachingEstimate(
    int Edits, EditorCosts Costs, double FlopsPerSecond, double HostFlopsPerSecond, IReadOnlyList<NeededStatistics> Statistics)
{
    // An edit's row with its texts, its event and its share of the file's pages.
    private const int BytesOfEdit = 2000;

    /// <summary>How long it would take; where searches end early it is less.</summary>
    public double Seconds => (Costs.Flops / FlopsPerSecond) + (HostFlopsPerSecond > 0 ? Costs.HostFlops / HostFlopsPerSecond : 0);

    /// <summary>Bytes that the store would grow by.</summary>
    public double StoredBytes => (Costs.Stored * sizeof(float)) + ((double)Edits * BytesOfEdit);
}

/// <summary>Statistics of the model's states that a method needs.</summary>
/// <param name="Layer">The block.</param>
/// <param name="File">Where they are; null where they are missing.</param>
/// <param name="Missing">Why they cannot be used, and what makes them; null where they can.</param>
public sealed record NeededStatistics(int Layer, string? File, string? Missing);

using System.Text.Json.Serialization;

namespace Sharpformer.Peers;

/// <summary>One line of the comparison.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="Ours">Units a second, from the median time of the engine; of megabytes and seconds, how many.</param>
/// <param name="Peer">The same of the other side.</param>
/// <param name="Ratio">The other side's time to ours, median over the pairs: above 1 the engine is faster.</param>
/// <param name="OursMilliseconds">Median time of one run; null where no time is measured.</param>
/// <param name="PeerMilliseconds">The same of the other side.</param>
/// <param name="PeerName">Who the other side is.</param>
internal sealed record Row(
    string Work, string Unit, double Ours, double? Peer, double? Ratio,
    double? OursMilliseconds, double? PeerMilliseconds, string PeerName = "libtorch")
{
    /// <summary>What the ratio shall reach; null where nothing was set.</summary>
    public double? Goal { get; init; }

    /// <summary>Whether it does; null without a goal. What counts is the ratio as it is shown.</summary>
    public bool? Met => Goal is { } goal && Ratio is { } ratio ? Math.Round(ratio, 2) >= goal : null;

    /// <summary>How many pairs the medians are of; null where it is no median.</summary>
    public int? Pairs { get; init; }

    /// <summary>How near both sides' results were before they were timed; null where only a limit was checked.</summary>
    public Agreement? Agreement { get; init; }

    /// <summary>How fast memory was read; null where that limits nothing.</summary>
    public Reading? Reading { get; init; }
}

/// <summary>How near logits of two sides are.</summary>
/// <param name="Difference">Largest difference of two logits, of the largest logit of that position.</param>
/// <param name="SameArgMax">At how many positions both have the same most probable token.</param>
/// <param name="Positions">How many positions were compared.</param>
internal sealed record Agreement(double Difference, int SameArgMax, int Positions);

/// <summary>Memory read by a row, beside plain sequential reading in the same rounds; medians.</summary>
/// <param name="Ours">GB/s that the engine read: all weights and what is kept of earlier tokens, as they are stored.</param>
/// <param name="Peer">The same of the other side.</param>
/// <param name="Plain">GB/s that plain reading gave.</param>
/// <param name="OursShare">Ours of plain, median over the rounds.</param>
/// <param name="PeerShare">The other side's.</param>
internal sealed record Reading(
    [property: JsonPropertyName("oursGBs")] double Ours, [property: JsonPropertyName("peerGBs")] double Peer,
    [property: JsonPropertyName("plainGBs")] double Plain, double OursShare, double PeerShare);

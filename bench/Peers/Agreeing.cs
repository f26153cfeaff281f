namespace Sharpformer.Peers;

/// <summary>Whether sides compute the same; whoever does not is not timed.</summary>
internal static class Agreeing
{
    /// <summary>Numbers of a single operation: no difference above a thousandth of the largest.</summary>
    /// <exception cref="InvalidOperationException">There is one.</exception>
    public static void Check(string work, float[] ours, float[] peer)
    {
        if (ours.Length != peer.Length)
            throw new InvalidOperationException($"{work}: {ours.Length} numbers, the peer has {peer.Length}.");
        double largest = peer.Max(Math.Abs), difference = ours.Zip(peer, (a, b) => Math.Abs((double)a - b)).Max();
        if (!(difference <= 1e-3 * largest))
            throw new InvalidOperationException($"{work}: results differ by {difference}, the largest is {largest}.");
    }

    /// <summary>Logits <c>[n,V]</c> of n positions.</summary>
    /// <param name="work">What was computed.</param>
    /// <param name="ours">The engine's.</param>
    /// <param name="peer">The other side's.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="tolerance">Which difference is too large, of the largest logit of its position.</param>
    /// <param name="sameArgMax">Share of positions whose most probable token must be the same.</param>
    /// <exception cref="InvalidOperationException">They are not near enough.</exception>
    public static Agreement Check(string work, float[] ours, float[] peer, int vocabulary, double tolerance, double sameArgMax)
    {
        var positions = Enumerable.Range(0, ours.Length / vocabulary).Select(i => Compare(
            ours.AsSpan(i * vocabulary, vocabulary), peer.AsSpan(i * vocabulary, vocabulary))).ToArray();
        var found = new Agreement(positions.Max(p => p.Difference), positions.Count(p => p.SameArgMax), positions.Length);
        if (found.Difference <= tolerance && found.SameArgMax >= sameArgMax * found.Positions) return found;
        throw new InvalidOperationException(
            $"{work}: logits differ by {found.Difference:0.0e+0} of the largest, expected at most {tolerance}; "
            + $"the most probable token is the same at {found.SameArgMax} of {found.Positions} positions, expected at {sameArgMax:P0}.");
    }

    private static (double Difference, bool SameArgMax) Compare(ReadOnlySpan<float> ours, ReadOnlySpan<float> peer)
    {
        double difference = 0, largest = 0;
        (int our, int their) = (0, 0);
        for (int i = 0; i < ours.Length; i++)
        {
            // A NaN is no small difference.
            double here = Math.Abs((double)ours[i] - peer[i]);
            difference = double.IsNaN(here) ? double.PositiveInfinity : Math.Max(difference, here);
            largest = Math.Max(largest, Math.Abs(ours[i]));
            if (ours[i] > ours[our]) our = i;
            if (peer[i] > peer[their]) their = i;
        }

        return (difference / largest, our == their);
    }
}

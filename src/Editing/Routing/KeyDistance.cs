namespace Sharpformer.Editing.Routing;

/// <summary>Euclidean distances of keys, to the last bit those which <see cref="KeyTable"/> measures.</summary>
internal static class KeyDistance
{
    private const int Stretch = 128; // so many numbers are summed before it is looked whether the limit is passed

    /// <summary>The distance; infinite where it is seen on the way to be above a limit.</summary>
    /// <param name="x">A key.</param>
    /// <param name="y">Another.</param>
    /// <param name="limit">The limit.</param>
    public static float Of(ReadOnlySpan<float> x, ReadOnlySpan<float> y, double limit = double.PositiveInfinity)
    {
        double sum = 0, most = limit * limit * (1 + 1e-6);
        for (int c = 0; c < x.Length;)
        {
            for (int end = Math.Min(c + Stretch, x.Length); c < end; c++) sum += ((double)x[c] - y[c]) * ((double)x[c] - y[c]);
            if (sum > most) return float.PositiveInfinity;
        }

        return (float)Math.Sqrt(sum);
    }

    /// <summary>What a score in a <see cref="KeyTable"/> has to exceed; that of what lies just at the radius does.</summary>
    /// <param name="radius">How far from a key it is answered; nowhere where it is not above 0.</param>
    public static float Threshold(float radius) => radius > 0 ? -MathF.BitIncrement(radius) : 0;
}

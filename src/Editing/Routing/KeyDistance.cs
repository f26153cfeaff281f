using System.Runtime.Intrinsics;

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
        int c = 0;
        while (x.Length - c >= Stretch)
        {
            sum += SquareOf(x.Slice(c, Stretch), y.Slice(c, Stretch));
            if (sum > most) return float.PositiveInfinity;
            c += Stretch;
        }

        for (; c < x.Length; c++) sum += ((double)x[c] - y[c]) * ((double)x[c] - y[c]);
        return sum > most ? float.PositiveInfinity : (float)Math.Sqrt(sum);
    }

    /// <summary>In eight sums side by side, whatever the machine's vectors hold: the same bits on all of them.</summary>
    private static double SquareOf(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        for (int c = 0; c < Stretch; c += Vector512<float>.Count)
        {
            Vector512<float> one = Vector512.Create(x[c..]), other = Vector512.Create(y[c..]);
            Vector512<double> lower = Vector512.WidenLower(one) - Vector512.WidenLower(other);
            Vector512<double> upper = Vector512.WidenUpper(one) - Vector512.WidenUpper(other);
            sums += (lower * lower) + (upper * upper);
        }

        Span<double> lanes = stackalloc double[Vector512<double>.Count];
        sums.CopyTo(lanes);
        double sum = 0;
        foreach (double lane in lanes) sum += lane;
        return sum;
    }

    /// <summary>What a score in a <see cref="KeyTable"/> has to exceed; that of what lies just at the radius does.</summary>
    /// <param name="radius">How far from a key it is answered; nowhere where it is not above 0.</param>
    public static float Threshold(float radius) => radius > 0 ? -MathF.BitIncrement(radius) : 0;
}

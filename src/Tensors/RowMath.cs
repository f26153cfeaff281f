using System.Numerics;
using System.Runtime.InteropServices;

namespace Sharpformer.Tensors;

/// <summary>Reductions of one row on the host, for row functors. Each sums in one fixed order.</summary>
public static class RowMath
{
    /// <summary>Σ x.</summary>
    public static float Sum(ReadOnlySpan<float> x)
    {
        ReadOnlySpan<Vector<float>> lanes = MemoryMarshal.Cast<float, Vector<float>>(x);
        var sum = Vector<float>.Zero;
        foreach (Vector<float> v in lanes) sum += v;
        float total = Vector.Sum(sum);
        for (int i = lanes.Length * Vector<float>.Count; i < x.Length; i++) total += x[i];
        return total;
    }

    /// <summary>Σ x·y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        y = y[..x.Length];
        ReadOnlySpan<Vector<float>> xs = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> ys = MemoryMarshal.Cast<float, Vector<float>>(y);
        var sum = Vector<float>.Zero;
        for (int i = 0; i < xs.Length; i++) sum += xs[i] * ys[i];
        float total = Vector.Sum(sum);
        for (int i = xs.Length * Vector<float>.Count; i < x.Length; i++) total += x[i] * y[i];
        return total;
    }

    /// <summary>y = (x - shift)·factor, which may be in place.</summary>
    public static void ShiftedScale(ReadOnlySpan<float> x, float shift, float factor, Span<float> y)
    {
        y = y[..x.Length];
        ReadOnlySpan<Vector<float>> xs = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> ys = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xs.Length; i++) ys[i] = (xs[i] - new Vector<float>(shift)) * factor;
        for (int i = xs.Length * Vector<float>.Count; i < x.Length; i++) y[i] = (x[i] - shift) * factor;
    }

    /// <summary>Σ (x - center)².</summary>
    public static float SquaredDeviation(ReadOnlySpan<float> x, float center)
    {
        ReadOnlySpan<Vector<float>> lanes = MemoryMarshal.Cast<float, Vector<float>>(x);
        var (sum, centers) = (Vector<float>.Zero, new Vector<float>(center));
        foreach (Vector<float> v in lanes) sum += (v - centers) * (v - centers);
        float total = Vector.Sum(sum);
        for (int i = lanes.Length * Vector<float>.Count; i < x.Length; i++) total += (x[i] - center) * (x[i] - center);
        return total;
    }

    /// <summary>The largest element; -∞ for an empty row.</summary>
    public static float Max(ReadOnlySpan<float> x)
    {
        ReadOnlySpan<Vector<float>> lanes = MemoryMarshal.Cast<float, Vector<float>>(x);
        var highest = new Vector<float>(float.NegativeInfinity);
        foreach (Vector<float> v in lanes) highest = Vector.Max(highest, v);
        float max = float.NegativeInfinity;
        for (int i = 0; i < Vector<float>.Count; i++) max = Math.Max(max, highest[i]);
        for (int i = lanes.Length * Vector<float>.Count; i < x.Length; i++) max = Math.Max(max, x[i]);
        return max;
    }

    /// <summary>y = exp(x - shift), which may be in place; returns Σ y, summed in double.</summary>
    public static double ExpShifted(ReadOnlySpan<float> x, float shift, Span<float> y)
    {
        y = y[..x.Length];
        ReadOnlySpan<Vector<float>> xs = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> ys = MemoryMarshal.Cast<float, Vector<float>>(y);
        var (low, high, shifts) = (Vector<double>.Zero, Vector<double>.Zero, new Vector<float>(shift));
        for (int i = 0; i < xs.Length; i++)
        {
            ys[i] = VectorMath.Exp(xs[i] - shifts);
            Vector.Widen(ys[i], out Vector<double> lower, out Vector<double> upper);
            low += lower;
            high += upper;
        }

        double sum = Vector.Sum(low + high);
        for (int i = xs.Length * Vector<float>.Count; i < x.Length; i++) sum += y[i] = VectorMath.Exp(x[i] - shift);
        return sum;
    }

    /// <summary>log Σ exp x, in float64 and without overflow: x minus it is the log-probability of each element.</summary>
    public static double LogSumExp(ReadOnlySpan<float> x)
    {
        double max = Max(x), sum = 0;
        foreach (float v in x) sum += Math.Exp(v - max);
        return max + Math.Log(sum);
    }
}

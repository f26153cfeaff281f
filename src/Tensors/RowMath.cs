using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors;

/// <summary>
/// A function of up to three numbers, and of numbers of its own that a row has computed (a mean, a factor): what
/// <see cref="RowMath.Map{TOp}(ReadOnlySpan{float}, Span{float}, TOp)"/> applies to a row, one SIMD register at a time. It
/// holds its own numbers as registers too: two small ones side by side travel badly through a call.
/// </summary>
public interface ILaneOp
{
    /// <summary>One SIMD register of results; operands that the caller does not give repeat the last one it gives.</summary>
    Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z);
}

/// <summary>
/// Loops over one row on the host, for row functors. Each sums in one fixed order: four registers' worth of running sums,
/// because one would wait for the last addition to end before it begins the next.
/// </summary>
public static unsafe class RowMath
{
    /// <summary>Σ x.</summary>
    public static float Sum(ReadOnlySpan<float> x) => SumOf(x, x, default(Itself));

    /// <summary>Σ x·y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => SumOf(x, y, default(Product));

    /// <summary>Σ (x - center)·y.</summary>
    public static float CenteredDot(ReadOnlySpan<float> x, float center, ReadOnlySpan<float> y) =>
        SumOf(x, y, new CenteredProduct(new(center)));

    /// <summary>Σ (x - center)².</summary>
    public static float SquaredDeviation(ReadOnlySpan<float> x, float center) => SumOf(x, x, new SquaredDifference(new(center)));

    /// <summary>Σ x in double.</summary>
    public static double SumInDouble(ReadOnlySpan<float> x)
    {
        (Vector<double> low, Vector<double> high) = (Vector<double>.Zero, Vector<double>.Zero);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count) Accumulate(new Vector<float>(x[i..]), ref low, ref high);
        double sum = Vector.Sum(low + high);
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    /// <summary>The largest element; -∞ for an empty row. Among NaNs it may be any of the others, or NaN.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static float Max(ReadOnlySpan<float> x)
    {
        int width = Vector<float>.Count, i = 0;
        Vector<float> a = new(float.NegativeInfinity), b = a, c = a, d = a;
        fixed (float* px = x)
        {
            for (; i <= x.Length - 4 * width; i += 4 * width)
            {
                a = Vector.MaxNative(a, Vector.Load(px + i));
                b = Vector.MaxNative(b, Vector.Load(px + i + width));
                c = Vector.MaxNative(c, Vector.Load(px + i + 2 * width));
                d = Vector.MaxNative(d, Vector.Load(px + i + 3 * width));
            }

            for (; i <= x.Length - width; i += width) a = Vector.MaxNative(a, Vector.Load(px + i));
        }

        Vector<float> highest = Vector.MaxNative(Vector.MaxNative(a, b), Vector.MaxNative(c, d));
        float max = float.NegativeInfinity;
        for (; i < x.Length; i++) max = x[i] > max ? x[i] : max;
        for (int lane = 0; lane < width; lane++) max = highest[lane] > max ? highest[lane] : max;
        return max;
    }

    /// <summary>y = exp(scale·x - shift), which may be in place; returns Σ y, summed in double.</summary>
    /// <param name="x">The row.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="shift">At least the largest scale·x.</param>
    /// <param name="y">The exponentials.</param>
    [MethodImpl(Loop.OfItsOwn)]
    public static double ExpShifted(ReadOnlySpan<float> x, float scale, float shift, Span<float> y)
    {
        y = y[..x.Length];
        int width = Vector<float>.Count, i = 0;
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        fixed (float* px = x, py = y)
        {
            for (; i <= x.Length - width; i += width)
            {
                Vector<float> e = VectorMath.ExpOfNegative(Vector.Load(px + i) * scale - new Vector<float>(shift));
                e.Store(py + i);
                Accumulate(e, ref low, ref high);
            }

            if (i < x.Length)
            {
                Vector<float> e = VectorMath.ExpOfNegative(Maps.LoadPart(px + i, x.Length - i) * scale - new Vector<float>(shift));
                Maps.StorePart(e, py + i, x.Length - i);
                Accumulate(Maps.FirstLanes(e, x.Length - i), ref low, ref high);
            }
        }

        return Vector.Sum(low + high);
    }

    /// <summary>Σ exp(x - shift), summed in double; the exponentials as <see cref="ExpShifted"/> has them.</summary>
    /// <param name="x">The row.</param>
    /// <param name="shift">At least the largest x.</param>
    [MethodImpl(Loop.OfItsOwn)]
    public static double SumExp(ReadOnlySpan<float> x, float shift)
    {
        int width = Vector<float>.Count, i = 0;
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        fixed (float* px = x)
        {
            for (; i <= x.Length - width; i += width)
                Accumulate(VectorMath.ExpOfNegative(Vector.Load(px + i) - new Vector<float>(shift)), ref low, ref high);
            if (i < x.Length)
            {
                Vector<float> e = VectorMath.ExpOfNegative(Maps.LoadPart(px + i, x.Length - i) - new Vector<float>(shift));
                Accumulate(Maps.FirstLanes(e, x.Length - i), ref low, ref high);
            }
        }

        return Vector.Sum(low + high);
    }

    /// <summary>log Σ exp x, in float64 and without overflow: x minus it is the log-probability of each element.</summary>
    public static double LogSumExp(ReadOnlySpan<float> x)
    {
        double max = Max(x), sum = 0;
        foreach (float v in x) sum += Math.Exp(v - max);
        return max + Math.Log(sum);
    }

    /// <summary>y = op(x), which may be in place.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Map<TOp>(ReadOnlySpan<float> x, Span<float> y, TOp op) where TOp : struct, ILaneOp
    {
        int width = Vector<float>.Count, count = x.Length, i = 0;
        fixed (float* px = x, py = y[..count])
        {
            for (; i <= count - width; i += width)
            {
                Vector<float> v = Vector.Load(px + i);
                op.Apply(v, v, v).Store(py + i);
            }

            if (i == count) return;
            Vector<float> last = Maps.LoadPart(px + i, count - i);
            Maps.StorePart(op.Apply(last, last, last), py + i, count - i);
        }
    }

    /// <summary>z = op(x, y), which may be in place.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Map<TOp>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z, TOp op) where TOp : struct, ILaneOp
    {
        int width = Vector<float>.Count, count = x.Length, i = 0;
        fixed (float* px = x, py = y[..count], pz = z[..count])
        {
            for (; i <= count - width; i += width)
            {
                Vector<float> v = Vector.Load(py + i);
                op.Apply(Vector.Load(px + i), v, v).Store(pz + i);
            }

            if (i == count) return;
            Vector<float> last = Maps.LoadPart(py + i, count - i);
            Maps.StorePart(op.Apply(Maps.LoadPart(px + i, count - i), last, last), pz + i, count - i);
        }
    }

    /// <summary>w = op(x, y, z), which may be in place.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Map<TOp>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, Span<float> w, TOp op)
        where TOp : struct, ILaneOp
    {
        int width = Vector<float>.Count, count = x.Length, i = 0;
        fixed (float* px = x, py = y[..count], pz = z[..count], pw = w[..count])
        {
            for (; i <= count - width; i += width) op.Apply(Vector.Load(px + i), Vector.Load(py + i), Vector.Load(pz + i)).Store(pw + i);
            if (i == count) return;
            int rest = count - i;
            Maps.StorePart(op.Apply(Maps.LoadPart(px + i, rest), Maps.LoadPart(py + i, rest), Maps.LoadPart(pz + i, rest)), pw + i, rest);
        }
    }

    /// <summary>The largest lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Max(Vector<float> x)
    {
        if (Vector<float>.Count != Vector256<float>.Count)
        {
            float max = x[0];
            for (int lane = 1; lane < Vector<float>.Count; lane++) max = x[lane] > max ? x[lane] : max;
            return max;
        }

        Vector256<float> all = x.AsVector256();
        Vector128<float> half = Vector128.MaxNative(all.GetLower(), all.GetUpper());
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    /// <summary>Σ term(x, y).</summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static float SumOf<TTerm>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, TTerm term) where TTerm : struct, ILaneOp
    {
        int width = Vector<float>.Count, count = x.Length, i = 0;
        Vector<float> a = default, b = default, c = default, d = default;
        fixed (float* px = x, py = y[..count])
        {
            for (; i <= count - 4 * width; i += 4 * width)
            {
                a += Term(px + i, py + i, term);
                b += Term(px + i + width, py + i + width, term);
                c += Term(px + i + 2 * width, py + i + 2 * width, term);
                d += Term(px + i + 3 * width, py + i + 3 * width, term);
            }

            for (; i <= count - width; i += width) a += Term(px + i, py + i, term);
            if (i < count)
            {
                Vector<float> xs = Maps.LoadPart(px + i, count - i), ys = Maps.LoadPart(py + i, count - i);
                b += Maps.FirstLanes(term.Apply(xs, ys, ys), count - i);
            }
        }

        return Vector.Sum(a + b + (c + d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Term<TTerm>(float* x, float* y, TTerm term) where TTerm : struct, ILaneOp
    {
        Vector<float> ys = Vector.Load(y);
        return term.Apply(Vector.Load(x), ys, ys);
    }

    /// <summary>Σ of the lanes, in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double SumInDouble(Vector<float> x)
    {
        Vector.Widen(x, out Vector<double> low, out Vector<double> high);
        return Vector.Sum(low + high);
    }

    /// <summary>Adds the lanes of <paramref name="x"/> to sums in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Accumulate(Vector<float> x, ref Vector<double> low, ref Vector<double> high)
    {
        Vector.Widen(x, out Vector<double> lower, out Vector<double> upper);
        low += lower;
        high += upper;
    }

    private readonly struct Itself : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x;
    }

    private readonly struct Product : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => x * y;
    }

    private readonly struct CenteredProduct(Vector<float> center) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => (x - center) * y;
    }

    private readonly struct SquaredDifference(Vector<float> center) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => (x - center) * (x - center);
    }
}

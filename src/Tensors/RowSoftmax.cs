using System.Numerics;
using System.Runtime.CompilerServices;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors;

/// <summary>
/// Softmax over the first numbers of a row, and its derivative: what attention does to every row of its scores. Rows are
/// often shorter than two registers, so what does not fill a register stays in one from the first step to the last.
/// </summary>
public static unsafe class RowSoftmax
{
    /// <summary>
    /// x = softmax(scale·x) over the visible columns, 0 beyond; in place. The exponential of scale times a difference from the
    /// largest x (as float32 has it) is within 2 ulp; sums of up to four registers in float32 are added up in double.
    /// </summary>
    /// <param name="row">The row; what lies beyond the visible columns may be anything.</param>
    /// <param name="visible">How many columns count.</param>
    /// <param name="scale">Factor, not negative.</param>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Forward(Span<float> row, int visible, float scale)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)visible, (uint)row.Length, nameof(visible));
        int width = Vector<float>.Count, whole = visible - visible % width;
        fixed (float* x = row)
        {
            Vector<float> last = whole < visible ? Last(x, whole, visible, row.Length, float.NegativeInfinity) : default;
            var exp = new ShiftedPower(Highest(x, whole, visible, last), scale);
            int groups = whole - whole % (4 * width);
            double sum = groups > 0 ? Powers(x, groups, exp) : 0;
            Vector<float> rest = default;
            for (int i = groups; i < whole; i += width)
            {
                Vector<float> e = exp.Apply(Vector.Load(x + i));
                e.Store(x + i);
                rest += e;
            }

            if (whole < visible) rest += last = Maps.FirstLanes(exp.Apply(last), visible - whole);
            sum += RowMath.SumInDouble(rest);
            var factor = new Vector<float>((float)(1 / sum));
            Multiply(x, whole, factor);
            if (whole < visible) StoreLast(last * factor, x, whole, visible, row.Length);
        }

        Clear(row, whole, visible);
    }

    /// <summary>dP = scale · p ⊙ (dP - p·dP) over the visible columns, 0 beyond; in place.</summary>
    /// <param name="p">The probabilities.</param>
    /// <param name="dP">Their gradient becomes that of the scores; beyond the visible columns it may be anything.</param>
    /// <param name="visible">How many columns count.</param>
    /// <param name="scale">The factor of the forward step.</param>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Backward(ReadOnlySpan<float> p, Span<float> dP, int visible, float scale)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)visible, (uint)dP.Length, nameof(visible));
        ArgumentOutOfRangeException.ThrowIfNotEqual(p.Length, dP.Length);
        int width = Vector<float>.Count, whole = visible - visible % width, i = 0;
        fixed (float* px = p, py = dP)
        {
            Vector<float> lastP = default, last = default, a = default, b = default, c = default, d = default;
            if (whole < visible)
            {
                lastP = Last(px, whole, visible, dP.Length, 0);
                last = Last(py, whole, visible, dP.Length, 0);
            }

            for (; i <= whole - 4 * width; i += 4 * width)
            {
                a += Vector.Load(px + i) * Vector.Load(py + i);
                b += Vector.Load(px + i + width) * Vector.Load(py + i + width);
                c += Vector.Load(px + i + 2 * width) * Vector.Load(py + i + 2 * width);
                d += Vector.Load(px + i + 3 * width) * Vector.Load(py + i + 3 * width);
            }

            for (; i < whole; i += width) a += Vector.Load(px + i) * Vector.Load(py + i);
            var mean = new Vector<float>(Vector.Sum(a + (b + lastP * last) + (c + d)));
            for (i = 0; i < whole; i += width) (Vector.Load(px + i) * scale * (Vector.Load(py + i) - mean)).Store(py + i);
            if (whole < visible) StoreLast(lastP * scale * (last - mean), py, whole, visible, dP.Length);
        }

        Clear(dP, whole, visible);
    }

    /// <summary>
    /// x = exp(x) of whole groups of four registers; returns the sum. As a method of its own it has registers for the constants. They come
    /// by reference: a copy for the call would be stored in smaller pieces than it is read in, which processors do not forward.
    /// </summary>
    [MethodImpl(Loop.OfItsOwn)]
    private static double Powers(float* x, int count, in ShiftedPower shifted)
    {
        int width = Vector<float>.Count;
        ShiftedPower exp = shifted;
        (Vector<double> low, Vector<double> high) = (default, default);
        for (int i = 0; i < count; i += 4 * width)
        {
            Vector<float> sum = default;
            for (int j = i; j < i + 4 * width; j += width)
            {
                Vector<float> e = exp.Apply(Vector.Load(x + j));
                e.Store(x + j);
                sum += e;
            }

            RowMath.Accumulate(sum, ref low, ref high);
        }

        return Vector.Sum(low + high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(float* x, int count, Vector<float> factor)
    {
        int width = Vector<float>.Count, i = 0;
        for (; i <= count - 4 * width; i += 4 * width)
        {
            (Vector.Load(x + i) * factor).Store(x + i);
            (Vector.Load(x + i + width) * factor).Store(x + i + width);
            (Vector.Load(x + i + 2 * width) * factor).Store(x + i + 2 * width);
            (Vector.Load(x + i + 3 * width) * factor).Store(x + i + 3 * width);
        }

        for (; i < count; i += width) (Vector.Load(x + i) * factor).Store(x + i);
    }

    /// <summary>The largest visible number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Highest(float* x, int whole, int visible, Vector<float> last)
    {
        int width = Vector<float>.Count, i = 0;
        Vector<float> a = whole < visible ? last : new(float.NegativeInfinity), b = a, c = a, d = a;
        for (; i <= whole - 4 * width; i += 4 * width)
        {
            a = Vector.MaxNative(a, Vector.Load(x + i));
            b = Vector.MaxNative(b, Vector.Load(x + i + width));
            c = Vector.MaxNative(c, Vector.Load(x + i + 2 * width));
            d = Vector.MaxNative(d, Vector.Load(x + i + 3 * width));
        }

        for (; i < whole; i += width) a = Vector.MaxNative(a, Vector.Load(x + i));
        return RowMath.Max(Vector.MaxNative(Vector.MaxNative(a, b), Vector.MaxNative(c, d)));
    }

    /// <summary>The register that begins at <paramref name="whole"/>, with another number in the lanes that are not visible.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Last(float* x, int whole, int visible, int length, float beyond)
    {
        Vector<float> all = whole + Vector<float>.Count <= length ? Vector.Load(x + whole) : Maps.LoadPart(x + whole, visible - whole);
        Vector<int> inside = Vector.LessThan(Vector<int>.Indices, new Vector<int>(visible - whole));
        return Vector.ConditionalSelect(inside, all, new Vector<float>(beyond));
    }

    /// <summary>Stores it whole where there is room: storing single lanes is slow, and zeros belong behind them anyway.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreLast(Vector<float> last, float* x, int whole, int visible, int length)
    {
        if (whole + Vector<float>.Count <= length) Maps.FirstLanes(last, visible - whole).Store(x + whole);
        else Maps.StorePart(last, x + whole, visible - whole);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(Span<float> row, int whole, int visible)
    {
        int written = whole < visible ? whole + Vector<float>.Count : whole;
        if (written < row.Length) row[written..].Clear();
        else if (visible < row.Length) row[visible..].Clear();
    }

    /// <summary>
    /// 2^64·e^(scale·(x - highest)): the power of two keeps what is tiny normal until the division by the sum takes it away
    /// again. The scale goes into the logarithm's base, which costs nothing.
    /// </summary>
    private readonly struct ShiftedPower
    {
        private readonly Vector<float> highest, lowest, scale, scaleRest;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ShiftedPower(float highest, float scale)
        {
            double exact = scale * 1.44269504088896340736;
            float rounded = (float)exact;
            this.highest = new Vector<float>(highest);
            lowest = new Vector<float>(Math.Max(-104 / scale, -float.MaxValue)); // e^-104 is zero
            this.scale = new Vector<float>(rounded);
            scaleRest = new Vector<float>((float)(exact - rounded));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<float> Apply(Vector<float> x) => VectorMath.PowerOfProduct(Vector.MaxNative(lowest, x - highest), scale, scaleRest);
    }
}

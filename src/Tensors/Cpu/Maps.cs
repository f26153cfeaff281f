using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The element-wise loops. What is left behind the last whole register goes through a register of its own. A step of 0 reads the same
/// register of one repeated number again and again; a step of 1 reads an array. They are compiled at full optimisation at once: a loop
/// over a big tensor runs only a few times.
/// </summary>
internal static unsafe class Maps
{
    [MethodImpl(Loop.OfItsOwn)]
    public static void Unary<TOp>(float* x, float* y, long count) where TOp : struct, IUnaryOp
    {
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= count - width; i += width) TOp.Apply(Vector.Load(x + i)).Store(y + i);
        if (i < count) StorePart(TOp.Apply(LoadPart(x + i, count - i)), y + i, count - i);
    }

    [MethodImpl(Loop.OfItsOwn)]
    public static void Binary<TOp>(float* x, float* y, long yStep, float* z, long count) where TOp : struct, IBinaryOp
    {
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= count - width; i += width) TOp.Apply(Vector.Load(x + i), Vector.Load(y + i * yStep)).Store(z + i);
        if (i < count) StorePart(TOp.Apply(LoadPart(x + i, count - i), LoadPart(y + i * yStep, yStep, count - i)), z + i, count - i);
    }

    [MethodImpl(Loop.OfItsOwn)]
    public static void Ternary<TOp>(float* x, float* y, long yStep, float* z, long zStep, float* w, long count)
        where TOp : struct, ITernaryOp
    {
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= count - width; i += width)
            TOp.Apply(Vector.Load(x + i), Vector.Load(y + i * yStep), Vector.Load(z + i * zStep)).Store(w + i);
        if (i == count) return;
        Vector<float> last = TOp.Apply(
            LoadPart(x + i, count - i), LoadPart(y + i * yStep, yStep, count - i), LoadPart(z + i * zStep, zStep, count - i));
        StorePart(last, w + i, count - i);
    }

    /// <summary>The first <paramref name="count"/> lanes, fewer than a register has; zeros in the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> LoadPart(float* x, long count)
    {
        if (Avx.IsSupported && Vector<float>.Count == Vector256<float>.Count) return Avx.MaskLoad(x, FirstLanes(count)).AsVector();
        Vector<float> part = default;
        new ReadOnlySpan<float>(x, (int)count).CopyTo(new Span<float>(&part, Vector<float>.Count));
        return part;
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Vector<float> part, float* y, long count)
    {
        if (Avx.IsSupported && Vector<float>.Count == Vector256<float>.Count) Avx.MaskStore(y, FirstLanes(count), part.AsVector256());
        else new ReadOnlySpan<float>(&part, (int)count).CopyTo(new Span<float>(y, (int)count));
    }

    /// <summary>The same with zeros in the other lanes, for results that must not reach a sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> FirstLanes(Vector<float> part, long count) =>
        Vector.ConditionalSelect(Vector.LessThan(Vector<float>.Indices, new Vector<float>(count)), part, Vector<float>.Zero);

    private static Vector256<float> FirstLanes(long count) =>
        Vector256.LessThan(Vector256<float>.Indices, Vector256.Create((float)count));

    private static Vector<float> LoadPart(float* x, long step, long count) => step == 0 ? Vector.Load(x) : LoadPart(x, count);
}

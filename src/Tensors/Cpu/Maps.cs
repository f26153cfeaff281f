using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The element-wise loops. A step of 0 reads the same register of one repeated number again and again; a step of 1
/// reads an array. They are compiled at full optimisation at once: a loop over a big tensor runs only a few times.
/// </summary>
internal static unsafe class Maps
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unary<TOp>(float* x, float* y, long count) where TOp : struct, IUnaryOp
    {
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= count - width; i += width) TOp.Apply(Vector.Load(x + i)).Store(y + i);
        for (; i < count; i++) y[i] = TOp.Apply(x[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Binary<TOp>(float* x, float* y, long yStep, float* z, long count) where TOp : struct, IBinaryOp
    {
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= count - width; i += width) TOp.Apply(Vector.Load(x + i), Vector.Load(y + i * yStep)).Store(z + i);
        for (; i < count; i++) z[i] = TOp.Apply(x[i], y[i * yStep]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ternary<TOp>(float* x, float* y, long yStep, float* z, long zStep, float* w, long count) where TOp : struct, ITernaryOp
    {
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= count - width; i += width)
            TOp.Apply(Vector.Load(x + i), Vector.Load(y + i * yStep), Vector.Load(z + i * zStep)).Store(w + i);
        for (; i < count; i++) w[i] = TOp.Apply(x[i], y[i * yStep], z[i * zStep]);
    }
}

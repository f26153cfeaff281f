using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>Operands of an element-wise kernel. Y starts again after its last element; an empty Y or Z stands for one number.</summary>
internal readonly record struct MapArguments(
    ArrayView<float> X, ArrayView<float> Y, ArrayView<float> Z, float Number, ArrayView<float> Result);

/// <summary>Functors over elements: the same scalar methods that the CPU's tests check.</summary>
internal static class MapKernels
{
    [Kernel]
    public static void Fill(MapArguments m)
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step) m.Result[i] = m.Number;
    }

    [Kernel]
    public static void Unary<TOp>(MapArguments m) where TOp : struct, IUnaryOp
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step) m.Result[i] = TOp.Apply(m.X[i]);
    }

    [Kernel]
    public static void Binary<TOp>(MapArguments m) where TOp : struct, IBinaryOp
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step) m.Result[i] = TOp.Apply(m.X[i], m.Y[i]);
    }

    [Kernel]
    public static void BinaryRepeated<TOp>(MapArguments m) where TOp : struct, IBinaryOp
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step) m.Result[i] = TOp.Apply(m.X[i], m.Y[i % m.Y.Length]);
    }

    [Kernel]
    public static void BinaryNumber<TOp>(MapArguments m) where TOp : struct, IBinaryOp
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step) m.Result[i] = TOp.Apply(m.X[i], m.Number);
    }

    [Kernel]
    public static void Ternary<TOp>(MapArguments m) where TOp : struct, ITernaryOp
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step)
            m.Result[i] = TOp.Apply(m.X[i], m.Y[i % m.Y.Length], m.Z[i]);
    }

    [Kernel]
    public static void TernaryNumber<TOp>(MapArguments m) where TOp : struct, ITernaryOp
    {
        for (long i = GridRange.First; i < m.Result.Length; i += GridRange.Step)
            m.Result[i] = TOp.Apply(m.X[i], m.Y[i % m.Y.Length], m.Number);
    }
}

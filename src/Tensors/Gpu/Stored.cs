using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>How a kernel reads weights of one storage type; a type for each, so that none is chosen within a loop.</summary>
internal interface IStored
{
    static abstract float At(ArrayView<byte> data, long element);

    /// <summary>Four elements, the first of which is the beginning of a vector.</summary>
    static abstract Four FourAt(ArrayView<byte> data, long element);
}

/// <summary>F32.</summary>
internal readonly struct StoredF32 : IStored
{
    public static float At(ArrayView<byte> data, long element) => data.Cast<float>()[element];

    public static Four FourAt(ArrayView<byte> data, long element) => data.Cast<Four>()[element / 4];
}

/// <summary>F16, widened in integer arithmetic: not every accelerator that ILGPU drives knows the type.</summary>
internal readonly struct StoredF16 : IStored
{
    /// <summary>
    /// 2^112: what an F16's exponent lacks once its bits stand where a float32's do. The product is exact, for subnormals too.
    /// </summary>
    private const float Bias = 5.192296858534828e33f;

    public static float At(ArrayView<byte> data, long element) => Widen(data.Cast<ushort>()[element]);

    public static Four FourAt(ArrayView<byte> data, long element)
    {
        FourHalves bits = data.Cast<FourHalves>()[element / 4];
        return new Four(
            Widen((ushort)bits.Low), Widen((ushort)(bits.Low >> 16)), Widen((ushort)bits.High), Widen((ushort)(bits.High >> 16)));
    }

    public static float Widen(ushort bits)
    {
        uint sign = (uint)(bits & 0x8000) << 16, rest = (uint)(bits & 0x7fff) << 13;

        // Infinity and NaN keep their exponent of ones.
        uint magnitude = rest >= 0x0f800000 ? rest | 0x7f800000 : Interop.FloatAsInt(Interop.IntAsFloat(rest) * Bias);
        return Interop.IntAsFloat(sign | magnitude);
    }
}

/// <summary>BF16: the upper half of a float32.</summary>
internal readonly struct StoredBF16 : IStored
{
    public static float At(ArrayView<byte> data, long element) => Widen(data.Cast<ushort>()[element]);

    public static Four FourAt(ArrayView<byte> data, long element)
    {
        FourHalves bits = data.Cast<FourHalves>()[element / 4];
        return new Four(
            Widen((ushort)bits.Low), Widen((ushort)(bits.Low >> 16)), Widen((ushort)bits.High), Widen((ushort)(bits.High >> 16)));
    }

    public static float Widen(ushort bits) => Interop.IntAsFloat((uint)bits << 16);
}

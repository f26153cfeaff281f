using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>Reads elements of one <see cref="DType"/> from memory, widened exactly to float32.</summary>
internal unsafe interface IElement
{
    static abstract int Size { get; }

    static abstract float Load(byte* source);

    static abstract Vector256<float> LoadEight(byte* source);
}

/// <inheritdoc/>
internal readonly unsafe struct ElementF32 : IElement
{
    public static int Size => 4;

    public static float Load(byte* source) => *(float*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => Vector256.Load((float*)source);
}

/// <inheritdoc/>
internal readonly unsafe struct ElementBF16 : IElement
{
    public static int Size => 2;

    public static float Load(byte* source) => BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => (Widening.ToInt32(source) << 16).AsSingle();
}

/// <inheritdoc/>
internal readonly unsafe struct ElementF16 : IElement
{
    public static int Size => 2;

    public static float Load(byte* source) => (float)*(Half*)source;

    /// <summary>Infinity and NaN, whose exponent is all ones, get theirs set again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source)
    {
        Vector256<int> half = ElementFiniteF16.InPlace(source);
        Vector256<int> special = Vector256.GreaterThan(half << 1, Vector256.Create((0x7C00 << 14) - 1)) & Vector256.Create(0x7F800000);
        return (ElementFiniteF16.Rebias(half).AsInt32() | special).AsSingle();
    }
}

/// <summary>F16 numbers among which there is neither infinity nor NaN: half as many instructions.</summary>
internal readonly unsafe struct ElementFiniteF16 : IElement
{
    public static int Size => 2;

    public static float Load(byte* source) => (float)*(Half*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => Rebias(InPlace(source));

    /// <summary>Shifts exponent and mantissa into place. The sign is carried along by extending it and cutting the copies off.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> InPlace(byte* source) => (Widening.ToInt32(source) << 13) & Vector256.Create(unchecked((int)0x8FFFE000));

    /// <summary>Mends the exponent bias by multiplying with 2^112, which also normalises subnormals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Rebias(Vector256<int> half) => half.AsSingle() * Vector256.Create(5.192296858534828e33f);

    /// <summary>Whether numbers are of that kind.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static bool Are(ushort* source, long count)
    {
        Vector256<ushort> exponent = Vector256.Create((ushort)0x7C00), special = default;
        long i = 0;
        for (; i <= count - 16; i += 16) special |= Vector256.Equals(Vector256.Load(source + i) & exponent, exponent);
        for (; i < count; i++)
        {
            if ((source[i] & 0x7C00) == 0x7C00) return false;
        }

        return special == default;
    }
}

/// <summary>The whole numbers of Q8 weights, without their scales.</summary>
internal readonly unsafe struct ElementInt8 : IElement
{
    public static int Size => 1;

    public static float Load(byte* source) => *(sbyte*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source)
    {
        if (Avx2.IsSupported) return Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32((sbyte*)source));
        Vector128<short> values = Vector128.WidenLower(Vector128.CreateScalar(*(long*)source).AsSByte());
        return Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values)));
    }
}

/// <summary>Whole runs of stored elements.</summary>
internal static unsafe class Widening
{
    /// <summary>Widens <paramref name="count"/> adjacent elements; Q8 to its whole numbers.</summary>
    public static void Copy(byte* source, DType dtype, float* destination, long count)
    {
        switch (dtype)
        {
            case DType.F16: Copy<ElementF16>(source, destination, count); break;
            case DType.BF16: Copy<ElementBF16>(source, destination, count); break;
            case DType.Q8: Copy<ElementInt8>(source, destination, count); break;
            default: Buffer.MemoryCopy(source, destination, count * 4, count * 4); break;
        }
    }

    /// <summary>Eight 16-bit numbers, their signs extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ToInt32(byte* source)
    {
        if (Avx2.IsSupported) return Avx2.ConvertToVector256Int32((short*)source);
        Vector128<short> values = Vector128.Load((short*)source);
        return Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values));
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void Copy<TElement>(byte* source, float* destination, long count) where TElement : struct, IElement
    {
        long i = 0;
        for (; i <= count - 8; i += 8) TElement.LoadEight(source + i * TElement.Size).Store(destination + i);
        for (; i < count; i++) destination[i] = TElement.Load(source + i * TElement.Size);
    }
}

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

    static abstract Vector512<float> LoadSixteen(byte* source);

    /// <summary>One of the elements that share 32 bits, of sixteen such words; part 0 is the one at the lowest address.</summary>
    static abstract Vector512<float> Part(Vector512<int> words, int part);
}

/// <inheritdoc/>
internal readonly unsafe struct ElementF32 : IElement
{
    public static int Size => 4;

    public static float Load(byte* source) => *(float*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => Vector256.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSixteen(byte* source) => Vector512.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Part(Vector512<int> words, int part) => words.AsSingle();
}

/// <inheritdoc/>
internal readonly unsafe struct ElementBF16 : IElement
{
    public static int Size => 2;

    public static float Load(byte* source) => BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => (Widening.ToInt32(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSixteen(byte* source) => (Widening.SixteenToInt32(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Part(Vector512<int> words, int part) =>
        (part == 0 ? words << 16 : words & Vector512.Create(unchecked((int)0xFFFF0000))).AsSingle();
}

/// <inheritdoc/>
internal readonly unsafe struct ElementF16 : IElement
{
    public static int Size => 2;

    public static float Load(byte* source) => (float)*(Half*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => Widen(Widening.ToInt32(source) << 13);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSixteen(byte* source) => Widen(Widening.SixteenToInt32(source) << 13);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Part(Vector512<int> words, int part) => Widen((part == 0 ? words << 16 : words) >> 3);

    /// <summary>Infinity and NaN, whose exponent is all ones, get theirs set again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(Vector256<int> half)
    {
        Vector256<int> exponent = Vector256.Create(0x7C00 << 13);
        Vector256<int> special = Vector256.Equals(half & exponent, exponent) & Vector256.Create(0x7F800000);
        return (ElementFiniteF16.Widen(half).AsInt32() | special).AsSingle();
    }

    /// <inheritdoc cref="Widen(Vector256{int})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Widen(Vector512<int> half)
    {
        Vector512<int> exponent = Vector512.Create(0x7C00 << 13);
        Vector512<int> special = Vector512.Equals(half & exponent, exponent) & Vector512.Create(0x7F800000);
        return (ElementFiniteF16.Widen(half).AsInt32() | special).AsSingle();
    }
}

/// <summary>
/// F16 numbers among which there is neither infinity nor NaN, which saves some instructions. A half's exponent and mantissa are moved to
/// a float's place and the exponent's bias is mended by an addition. That would be wrong by the implicit one for subnormal halves, the
/// only ones that come out below 2⁻¹⁴ = c: theirs is 2x - c, which is less than x for them and not for others, so the lesser of the two
/// is right. A multiplication by 2¹¹² would do all of it at once, but with subnormal floats as its input, for which processors take many
/// times as long.
/// </summary>
internal readonly unsafe struct ElementFiniteF16 : IElement
{
    private const int Magnitude = 0x7FFF << 13, Sign = unchecked((int)0x80000000), Bias = 112 << 23;
    private const float LeastNormal = 1f / (1 << 14);

    public static int Size => 2;

    public static float Load(byte* source) => (float)*(Half*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(byte* source) => Widen(Widening.ToInt32(source) << 13);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSixteen(byte* source) => Widen(Widening.SixteenToInt32(source) << 13);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Part(Vector512<int> words, int part) => Widen((part == 0 ? words << 16 : words) >> 3);

    /// <summary>Halves whose sign is bit 31 and whose other bits are those from 13 on; what else there is does not matter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector256<int> half)
    {
        Vector256<float> x = ((half & Vector256.Create(Magnitude)) + Vector256.Create(Bias)).AsSingle();
        x = Vector256.MinNative(x, Register256.MultiplyAdd(x, Vector256.Create(2f), Vector256.Create(-LeastNormal)));
        return (x.AsInt32() | (half & Vector256.Create(Sign))).AsSingle();
    }

    /// <inheritdoc cref="Widen(Vector256{int})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(Vector512<int> half)
    {
        Vector512<float> x = ((half & Vector512.Create(Magnitude)) + Vector512.Create(Bias)).AsSingle();
        x = Vector512.MinNative(x, Register512.MultiplyAdd(x, Vector512.Create(2f), Vector512.Create(-LeastNormal)));
        return (x.AsInt32() | (half & Vector512.Create(Sign))).AsSingle();
    }

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSixteen(byte* source) =>
        Avx512F.IsSupported
            ? Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)source)))
            : Vector512.Create(LoadEight(source), LoadEight(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Part(Vector512<int> words, int part) => Vector512.ConvertToSingle((words << (24 - 8 * part)) >> 24);
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

    /// <summary>The same of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> SixteenToInt32(byte* source) =>
        Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Int32(Vector256.Load((short*)source))
            : Vector512.Create(ToInt32(source), ToInt32(source + 16));

    [MethodImpl(Loop.OfItsOwn)]
    private static void Copy<TElement>(byte* source, float* destination, long count) where TElement : struct, IElement
    {
        long i = 0;
        for (; i <= count - 8; i += 8) TElement.LoadEight(source + i * TElement.Size).Store(destination + i);
        for (; i < count; i++) destination[i] = TElement.Load(source + i * TElement.Size);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The blocks of <see cref="GemmTransposed"/> for int8: they are transposed as bytes, before they are widened, which takes half the
/// shuffles. There it is these, not memory, that a product waits for.
/// </summary>
internal static unsafe class GemmTransposedInt8
{
    /// <summary>Eight steps of eight columns that are <paramref name="step"/> bytes apart; each vector is a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(
        byte* b, long step, out Vector256<float> b0, out Vector256<float> b1, out Vector256<float> b2, out Vector256<float> b3,
        out Vector256<float> b4, out Vector256<float> b5, out Vector256<float> b6, out Vector256<float> b7)
    {
        byte* fourth = b + 4 * step;

        // In each half four columns: pairs of columns, then all four of a step side by side.
        Vector256<byte> pairs = Vector256.Create(Pair(b, b + step), Pair(fourth, fourth + step));
        Vector256<byte> next = Vector256.Create(Pair(b + 2 * step, b + 3 * step), Pair(fourth + 2 * step, fourth + 3 * step));
        Vector256<byte> low = Avx2.UnpackLow(pairs.AsUInt16(), next.AsUInt16()).AsByte();
        Vector256<byte> high = Avx2.UnpackHigh(pairs.AsUInt16(), next.AsUInt16()).AsByte();
        (b0, b1, b2, b3) = (Step(low, 0), Step(low, 4), Step(low, 8), Step(low, 12));
        (b4, b5, b6, b7) = (Step(high, 0), Step(high, 4), Step(high, 8), Step(high, 12));
    }

    /// <summary>Eight steps of two columns, which alternate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Pair(byte* first, byte* second) =>
        Sse2.UnpackLow(Vector128.CreateScalarUnsafe(*(long*)first).AsByte(), Vector128.CreateScalarUnsafe(*(long*)second).AsByte());

    /// <summary>
    /// Four bytes of each half, from <paramref name="at"/> on: moved to the tops of whole numbers, and down with their signs.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Step(Vector256<byte> bytes, byte at)
    {
        const uint Nothing = 0x80;
        const uint Top = Nothing | (Nothing << 8) | (Nothing << 16);
        Vector128<uint> tops = Vector128.Create(Top, Top | (1 << 24), Top | (2 << 24), Top | (3 << 24)) + Vector128.Create((uint)at << 24);
        return Vector256.ConvertToSingle(Avx2.Shuffle(bytes, Vector256.Create(tops, tops).AsByte()).AsInt32() >> 24);
    }
}

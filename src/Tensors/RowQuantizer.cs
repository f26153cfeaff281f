using System.Runtime.Intrinsics;

namespace Sharpformer.Tensors;

/// <summary>
/// How <see cref="DType.Q8"/> rows are made: s = max|x|/127, q = x/s to the nearest, ties to even; symmetric, so that zero stays zero. What
/// q·s lacks of x is at most s/2, unless s is subnormal.
/// </summary>
public static class RowQuantizer
{
    private const float Largest = 127;

    /// <summary>The scale of a row; not finite where one of its numbers is not, 0 where all are 0 or too small for any scale.</summary>
    public static float Scale(ReadOnlySpan<float> row)
    {
        // As whole numbers, magnitudes have the same order, with infinity and NaN on top.
        Vector256<int> magnitude = Vector256.Create(int.MaxValue), largest = default;
        int i = 0;
        for (; i <= row.Length - 8; i += 8) largest = Vector256.Max(largest, Vector256.Create(row[i..]).AsInt32() & magnitude);
        int most = 0;
        for (int lane = 0; lane < 8; lane++) most = Math.Max(most, largest[lane]);
        for (; i < row.Length; i++) most = Math.Max(most, BitConverter.SingleToInt32Bits(row[i]) & int.MaxValue);
        return BitConverter.Int32BitsToSingle(most) / Largest;
    }

    /// <summary>Numbers of a row as q.</summary>
    /// <param name="values">Finite numbers.</param>
    /// <param name="scale">The row's scale.</param>
    /// <param name="to">As many.</param>
    public static void Quantize(ReadOnlySpan<float> values, float scale, Span<sbyte> to)
    {
        if (scale == 0)
        {
            to[..values.Length].Clear();
            return;
        }

        Vector256<float> scales = Vector256.Create(scale), most = Vector256.Create(Largest);
        int i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            // A subnormal scale is rounded so coarsely that a quotient may be larger.
            Vector256<float> q = Vector256.Round(Vector256.Create(values[i..]) / scales);
            Vector256<int> whole = Vector256.ConvertToInt32(Vector256.Min(Vector256.Max(q, -most), most));
            Vector128<short> narrow = Vector128.Narrow(whole.GetLower(), whole.GetUpper());
            Vector128.Narrow(narrow, narrow).GetLower().CopyTo(to[i..]);
        }

        for (; i < values.Length; i++) to[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scale), -Largest, Largest);
    }
}

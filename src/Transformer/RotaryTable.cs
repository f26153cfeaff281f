using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// The angles of rotary position embeddings (Su et al. 2021, section 3.2.2): pair i turns by <c>p / 10000^(2i/R)</c> at position p.
/// </summary>
internal static class RotaryTable
{
    /// <summary>cos and sin of each angle, in turn: <c>[positions,R]</c>.</summary>
    /// <param name="device">Where the table lives.</param>
    /// <param name="positions">Rows.</param>
    /// <param name="width">R, even.</param>
    public static Tensor Of(Device device, int positions, int width)
    {
        float[] table = new float[positions * width];
        for (int p = 0; p < positions; p++)
        {
            for (int i = 0; i < width; i += 2)
            {
                (double sin, double cos) = Math.SinCos(p / Math.Pow(10_000, (double)i / width));
                (table[p * width + i], table[p * width + i + 1]) = ((float)cos, (float)sin);
            }
        }

        return device.From(table, positions, width);
    }
}

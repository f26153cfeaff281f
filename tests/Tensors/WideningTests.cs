using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>Every 16-bit pattern, in vectors and one by one.</summary>
public sealed class WideningTests
{
    [Fact]
    public void Every_F16_widens_exactly() => Check(DType.F16, bits => (float)BitConverter.UInt16BitsToHalf(bits));

    [Fact]
    public void Every_BF16_widens_exactly() => Check(DType.BF16, bits => BitConverter.Int32BitsToSingle(bits << 16));

    private static void Check(DType dtype, Func<ushort, float> expected)
    {
        using var device = new CpuDevice(1);
        ushort[] patterns = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        byte[] bytes = MemoryMarshal.AsBytes(patterns.AsSpan()).ToArray();
        float[] widened = device.Load(MappedBytes.Copy(bytes), dtype, new Shape(65536)).ToArray();
        for (int i = 0; i < widened.Length; i++)
        {
            float exact = expected(patterns[i]);
            if (float.IsNaN(exact)) Assert.True(float.IsNaN(widened[i]), $"pattern {i:X4}: expected NaN, got {widened[i]:R}");
            else Assert.Equal(BitConverter.SingleToInt32Bits(exact), BitConverter.SingleToInt32Bits(widened[i]));
        }
    }
}

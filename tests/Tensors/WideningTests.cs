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

    /// <summary>
    /// Products of one and two rows widen where B lies, in registers of eight and sixteen, with and without infinities among the numbers.
    /// Each column of B holds one pattern, at a step where the row holds 1; -0 becomes 0 by being added.
    /// </summary>
    [Theory]
    [InlineData(DType.F16, false, false)]
    [InlineData(DType.F16, false, true)]
    [InlineData(DType.F16, true, false)]
    [InlineData(DType.F16, true, true)]
    [InlineData(DType.BF16, false, false)]
    [InlineData(DType.BF16, true, false)]
    internal void Products_widen_every_pattern_exactly(DType dtype, bool transposed, bool finite)
    {
        const int K = 32, N = 65536;
        foreach (GemmKernel kernel in (GemmKernel[])[GemmKernel.Vector256, GemmKernel.Vector512])
        {
            using var device = new CpuDevice(1, kernel);
            foreach (int step in (int[])[0, 7, 30])
            {
                var stored = new ushort[K * N];
                for (int i = 0; i < N; i++) stored[transposed ? i * K + step : step * N + i] = Pattern(i);
                byte[] bytes = MemoryMarshal.AsBytes(stored.AsSpan()).ToArray();
                Tensor weights = device.Load(MappedBytes.Copy(bytes), dtype, transposed ? new Shape(N, K) : new Shape(K, N));
                MatrixView b = transposed ? MatrixView.Of(weights).Transposed : weights;
                foreach (int m in (int[])[1, 2])
                {
                    Tensor a = device.From([.. Enumerable.Range(0, m * K).Select(i => i % K == step ? 1f : 0)], m, K);
                    Tensor c = device.Allocate(m, N);
                    device.Gemm(a, b, c);
                    float[] products = c.ToArray();
                    for (int i = 0; i < products.Length; i++) Assert.Equal(Value(Pattern(i % N)) + 0f, products[i]);
                }
            }
        }

        ushort Pattern(int i) => finite && (i & 0x7C00) == 0x7C00 ? (ushort)0 : (ushort)i;

        float Value(ushort bits) =>
            dtype == DType.F16 ? (float)BitConverter.UInt16BitsToHalf(bits) : BitConverter.Int32BitsToSingle(bits << 16);
    }

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

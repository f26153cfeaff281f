using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Benchmarks;

/// <summary>Operands for benchmarks: seeded, uniform between -1 and 1, kept until the process ends.</summary>
internal static class Operands
{
    /// <summary>The one that all benchmarks of a process run on, with all processors; a warm pool is what a program has.</summary>
    public static CpuDevice Device { get; } = new();

    /// <summary>A float32 tensor.</summary>
    public static Tensor Random(params ReadOnlySpan<int> dims)
    {
        Tensor tensor = Device.AllocateUnscoped(new Shape(dims));
        Device.Upload(Values(tensor.Count), tensor);
        return tensor;
    }

    /// <summary>A matrix as a checkpoint stores it.</summary>
    public static Tensor RandomWeights(DType dtype, int rows, int columns)
    {
        if (dtype == DType.Q8) return Quantized(Values((long)rows * columns), rows, columns);
        byte[] bytes = new byte[(long)rows * columns * dtype.Size()];
        float[] values = Values((long)rows * columns);
        for (int i = 0; i < values.Length; i++)
        {
            Span<byte> element = bytes.AsSpan(i * dtype.Size());
            if (dtype == DType.F32) BitConverter.TryWriteBytes(element, values[i]);
            else BitConverter.TryWriteBytes(element, (Half)values[i]);
        }

        return Device.Load(MappedBytes.Copy(bytes), dtype, new Shape(rows, columns));
    }

    private static Tensor Quantized(float[] values, int rows, int columns)
    {
        sbyte[] whole = new sbyte[values.Length];
        float[] scales = new float[rows];
        for (int r = 0; r < rows; r++)
        {
            Span<float> row = values.AsSpan(r * columns, columns);
            scales[r] = RowQuantizer.Scale(row);
            RowQuantizer.Quantize(row, scales[r], whole.AsSpan(r * columns));
        }

        return Device.Load(
            MappedBytes.Copy(MemoryMarshal.AsBytes(whole.AsSpan())), DType.Q8, new Shape(rows, columns),
            MappedBytes.Copy(MemoryMarshal.AsBytes(scales.AsSpan())));
    }

    private static float[] Values(long count)
    {
        var rng = new Rng(1);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(2 * rng.NextDouble() - 1);
        return values;
    }
}

using System.Runtime.InteropServices;

namespace Sharpformer.Tensors.SafeTensors;

/// <summary>A tensor to be written, with its name: one of the engine's, stored bytes of any type, or values that are made while they are written.</summary>
public sealed class SafeTensorsEntry
{
    private const int ChunkLength = 1 << 16;
    private readonly Tensor? tensor;
    private readonly MappedBytes? bytes;
    private readonly Action<long, Span<float>>? fill;

    /// <summary>An entry that stores <paramref name="tensor"/> in its own type.</summary>
    public SafeTensorsEntry(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(tensor);
        this.tensor = tensor;
        Info = new TensorInfo(name, tensor.DType.ToString(), Array.ConvertAll(tensor.Shape.Dims.ToArray(), dim => (long)dim), 0, tensor.Count * tensor.DType.Size());
    }

    /// <summary>An entry that stores bytes as they are.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">The type in the format's words, for example I64.</param>
    /// <param name="shape">Extents; none for a scalar.</param>
    /// <param name="bytes">The elements, little-endian.</param>
    /// <exception cref="ArgumentException">The type is unknown or the length is not that of the shape.</exception>
    public SafeTensorsEntry(string name, string dtype, IReadOnlyList<long> shape, MappedBytes bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(dtype);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(bytes);
        this.bytes = bytes;
        Info = new TensorInfo(name, dtype, [.. shape], 0, bytes.Length);
        int size = StoredTypes.Size(dtype);
        if (size == 0) throw new ArgumentException($"Tensor {Info}: unknown dtype, expected one of {StoredTypes.Names}.", nameof(dtype));
        foreach (long dim in shape) ArgumentOutOfRangeException.ThrowIfNegative(dim, nameof(shape));
        if (StoredTypes.ByteLength(shape, size) is var expected && expected != bytes.Length)
            throw new ArgumentException($"Tensor {Info} takes {expected?.ToString() ?? "too many"} bytes, got {bytes.Length}.", nameof(bytes));
    }

    /// <summary>An entry whose values never stand in memory together.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">How they are stored, rounded to the nearest.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="fill">Fills a block from an element on, counted in row-major order; called from several threads at once, in any order.</param>
    public SafeTensorsEntry(string name, DType dtype, Shape shape, Action<long, Span<float>> fill)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(fill);
        this.fill = fill;
        Info = new TensorInfo(name, dtype.ToString(), Array.ConvertAll(shape.Dims.ToArray(), dim => (long)dim), 0, shape.Count * dtype.Size());
    }

    /// <summary>Name, type and shape; the place is the writer's to choose.</summary>
    public TensorInfo Info { get; }

    internal int ElementSize => StoredTypes.Size(Info.DType);

    internal void WriteTo(Stream stream, CancellationToken cancellation)
    {
        if (bytes is not null)
        {
            WriteBytes(bytes, stream);
            return;
        }

        float[] values = tensor?.ToArray() ?? [];
        WriteValues(fill ?? ((start, block) => values.AsSpan((int)start, block.Length).CopyTo(block)), stream, cancellation);
    }

    private static void WriteBytes(MappedBytes bytes, Stream stream)
    {
        for (long start = 0; start < bytes.Length; start += ChunkLength)
            stream.Write(bytes.Span(start, (int)Math.Min(ChunkLength, bytes.Length - start)));
        GC.KeepAlive(bytes);
    }

    /// <summary>A few blocks at a time: made and narrowed by all processors, then written in order.</summary>
    private void WriteValues(Action<long, Span<float>> values, Stream stream, CancellationToken cancellation)
    {
        DType dtype = Enum.Parse<DType>(Info.DType);
        long count = Info.Length / dtype.Size();
        int blocks = (int)Math.Min(4 * Environment.ProcessorCount, (count + ChunkLength - 1) / ChunkLength);
        var narrowed = new byte[blocks][];
        for (long start = 0; start < count; start += (long)blocks * ChunkLength)
        {
            long first = start;
            Parallel.For(0, blocks, new ParallelOptions { CancellationToken = cancellation }, b =>
            {
                long at = first + (long)b * ChunkLength;
                float[] block = new float[Math.Clamp(count - at, 0, ChunkLength)];
                if (block.Length > 0) values(at, block);
                narrowed[b] = Narrow(block, dtype);
            });
            foreach (byte[] block in narrowed) stream.Write(block);
        }
    }

    // Weights that were widened from F16 or BF16 are narrowed exactly to what was stored.
    private static byte[] Narrow(float[] values, DType dtype)
    {
        byte[] bytes = new byte[values.Length * dtype.Size()];
        if (dtype == DType.F32)
        {
            MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes);
        }
        else if (dtype == DType.F16)
        {
            Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
            for (int i = 0; i < values.Length; i++) halves[i] = (Half)values[i];
        }
        else
        {
            Span<ushort> upper = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
            for (int i = 0; i < values.Length; i++)
            {
                uint bits = BitConverter.SingleToUInt32Bits(values[i]);
                upper[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16); // ties to even
            }
        }

        return bytes;
    }
}

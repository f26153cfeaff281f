using System.Buffers.Binary;

namespace Sharpformer.Tensors.SafeTensors;

/// <summary>A tensor to be written, with its name: one of the engine's, or stored bytes of any type.</summary>
public sealed class SafeTensorsEntry
{
    private const int ChunkLength = 1 << 16;
    private readonly Tensor? tensor;
    private readonly MappedBytes? bytes;

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

    /// <summary>Name, type and shape; the place is the writer's to choose.</summary>
    public TensorInfo Info { get; }

    internal int ElementSize => StoredTypes.Size(Info.DType);

    internal void WriteTo(Stream stream)
    {
        if (tensor is not null) WriteValues(tensor.ToArray(), tensor.DType, stream);
        else WriteBytes(bytes!, stream);
    }

    private static void WriteBytes(MappedBytes bytes, Stream stream)
    {
        for (long start = 0; start < bytes.Length; start += ChunkLength)
            stream.Write(bytes.Span(start, (int)Math.Min(ChunkLength, bytes.Length - start)));
        GC.KeepAlive(bytes);
    }

    // F16 and BF16 were widened exactly, so narrowing gives back what was stored.
    private static void WriteValues(float[] values, DType dtype, Stream stream)
    {
        byte[] element = new byte[dtype.Size()];
        foreach (float value in values)
        {
            if (dtype == DType.F32) BinaryPrimitives.WriteSingleLittleEndian(element, value);
            else if (dtype == DType.F16) BinaryPrimitives.WriteHalfLittleEndian(element, (Half)value);
            else BinaryPrimitives.WriteUInt16LittleEndian(element, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
            stream.Write(element);
        }
    }
}

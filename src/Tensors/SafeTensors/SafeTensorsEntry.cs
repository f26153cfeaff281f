namespace Sharpformer.Tensors.SafeTensors;

/// <summary>
/// A tensor to be written, with its name: one of the engine's, stored bytes of any type, or values that
/// are made while they are written.
/// </summary>
public sealed class SafeTensorsEntry
{
    private const int ChunkLength = 1 << 16, CopiedLength = 1 << 20;
    private readonly Tensor? tensor;
    private readonly Action<long, Span<byte>>? copy;
    private readonly Action<long, Span<float>>? fill;

    /// <summary>An entry that stores <paramref name="tensor"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="tensor">Its values.</param>
    /// <param name="dtype">How they are stored, rounded to the nearest; null for the tensor's own type.</param>
    public SafeTensorsEntry(string name, Tensor tensor, DType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(tensor);
        DType stored = dtype ?? tensor.DType;
        if (stored == DType.Q8) throw IsQ8(name);
        this.tensor = tensor;
        long[] dims = Array.ConvertAll(tensor.Shape.Dims.ToArray(), dim => (long)dim);
        Info = new TensorInfo(name, stored.ToString(), dims, 0, tensor.Count * stored.Size());
    }

    /// <summary>An entry that stores bytes as they are.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">The type in the format's words, for example I64.</param>
    /// <param name="shape">Extents; none for a scalar.</param>
    /// <param name="bytes">The elements, little-endian.</param>
    /// <exception cref="ArgumentException">The type is unknown or the length is not that of the shape.</exception>
    public SafeTensorsEntry(string name, string dtype, IReadOnlyList<long> shape, MappedBytes bytes)
        : this(name, dtype, shape, CopyOf(bytes))
    {
        if (Info.Length != bytes.Length)
            throw new ArgumentException($"Tensor {Info} takes {Info.Length} bytes, got {bytes.Length}.", nameof(bytes));
    }

    /// <summary>An entry whose bytes are made while they are written.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">The type in the format's words, for example F64.</param>
    /// <param name="shape">Extents; none for a scalar.</param>
    /// <param name="copy">Fills a block of whole elements, little-endian, from a byte on; called block after block in their order.</param>
    /// <exception cref="ArgumentException">The type is unknown, or the shape is none.</exception>
    public SafeTensorsEntry(string name, string dtype, IReadOnlyList<long> shape, Action<long, Span<byte>> copy)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(dtype);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(copy);
        this.copy = copy;
        Info = new TensorInfo(name, dtype, [.. shape], 0, 0);
        int size = StoredTypes.Size(dtype);
        if (size == 0) throw new ArgumentException($"Tensor {Info}: unknown dtype, expected one of {StoredTypes.Names}.", nameof(dtype));
        foreach (long dim in shape) ArgumentOutOfRangeException.ThrowIfNegative(dim, nameof(shape));
        if (StoredTypes.ByteLength(shape, size) is not { } length)
            throw new ArgumentException($"Tensor {Info} takes too many bytes.", nameof(shape));
        Info = Info with { Length = length };
    }

    /// <summary>An entry that stores a tensor of another file as it is there, a block at a time.</summary>
    /// <param name="file">The file; open until all is written.</param>
    /// <param name="name">The tensor, there and here.</param>
    /// <param name="progress">Told how many more bytes are copied.</param>
    public SafeTensorsEntry(ITensorFile file, string name, Action<int>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        Info = file.Info(name) with { Start = 0 };
        copy = (start, block) =>
        {
            file.Read(name, start, block);
            progress?.Invoke(block.Length);
        };
    }

    /// <summary>An entry whose values never stand in memory together.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">How they are stored, rounded to the nearest.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="fill">
    /// Fills a block from an element on, counted in row-major order; called from several threads at once, in any order.
    /// </param>
    public SafeTensorsEntry(string name, DType dtype, Shape shape, Action<long, Span<float>> fill)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(fill);
        if (dtype == DType.Q8) throw IsQ8(name);
        this.fill = fill;
        long[] dims = Array.ConvertAll(shape.Dims.ToArray(), dim => (long)dim);
        Info = new TensorInfo(name, dtype.ToString(), dims, 0, shape.Count * dtype.Size());
    }

    /// <summary>Name, type and shape; the place is the writer's to choose.</summary>
    public TensorInfo Info { get; }

    /// <summary>What an entry of values would write, before that is rounded to its type: the same, in memory.</summary>
    /// <exception cref="InvalidOperationException">It is an entry of bytes.</exception>
    public float[] ToArray()
    {
        if (tensor is not null) return tensor.ToArray();
        if (fill is null) throw new InvalidOperationException($"Tensor {Info} is written as bytes.");
        float[] values = new float[Info.Length / ElementSize];
        ParallelBlocks.Run(
            (values.Length + ChunkLength - 1) / ChunkLength,
            b => fill((long)b * ChunkLength, values.AsSpan(b * ChunkLength, Math.Min(ChunkLength, values.Length - (b * ChunkLength)))),
            CancellationToken.None);
        return values;
    }

    internal int ElementSize => StoredTypes.Size(Info.DType);

    internal void WriteTo(Stream stream, CancellationToken cancellation)
    {
        if (copy is not null)
        {
            CopyBytes(copy, stream, cancellation);
            return;
        }

        float[] values = tensor?.ToArray() ?? [];
        WriteValues(fill ?? ((start, block) => values.AsSpan((int)start, block.Length).CopyTo(block)), stream, cancellation);
    }

    private static ArgumentException IsQ8(string name) =>
        new($"Tensor {Quoted.Text(name)}: Q8 makes two entries. Hint: {nameof(Q8Container)}.{nameof(Q8Container.Entries)}.");

    private static Action<long, Span<byte>> CopyOf(MappedBytes bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return (start, block) =>
        {
            bytes.Span(start, block.Length).CopyTo(block);
            GC.KeepAlive(bytes);
        };
    }

    private void CopyBytes(Action<long, Span<byte>> read, Stream stream, CancellationToken cancellation)
    {
        byte[] block = new byte[Math.Min(CopiedLength, Info.Length)];
        for (long start = 0; start < Info.Length; start += block.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = block.AsSpan(0, (int)Math.Min(block.Length, Info.Length - start));
            read(start, part);
            stream.Write(part);
        }
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
            ParallelBlocks.Run(
                blocks,
                b =>
                {
                    long at = first + (long)b * ChunkLength;
                    float[] block = new float[Math.Clamp(count - at, 0, ChunkLength)];
                    if (block.Length > 0) values(at, block);
                    narrowed[b] = Narrowing.ToBytes(block, dtype, Info, at);
                },
                cancellation);
            foreach (byte[] block in narrowed) stream.Write(block);
        }
    }
}

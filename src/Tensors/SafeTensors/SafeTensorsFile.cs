using System.Buffers.Binary;

namespace Sharpformer.Tensors.SafeTensors;

/// <summary>
/// A safetensors checkpoint: 8 bytes with the length of a JSON header, the header, the data. The file is mapped into
/// memory and checked completely when it is opened, so files larger than memory are fine and hostile ones harmless.
/// Format: <see href="https://github.com/huggingface/safetensors"/>.
/// </summary>
public sealed class SafeTensorsFile : ITensorFile
{
    private const int PrefixLength = 8;
    private readonly Dictionary<string, TensorInfo> byName;
    private MappedBytes? data;

    private SafeTensorsFile(string path, MappedBytes data, List<TensorInfo> tensors, Dictionary<string, string> metadata)
    {
        Path = path;
        this.data = data;
        Tensors = tensors;
        Metadata = metadata;
        byName = tensors.ToDictionary(tensor => tensor.Name);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>All tensors in the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The names of all tensors in the order of their data.</summary>
    public IEnumerable<string> Names => Tensors.Select(tensor => tensor.Name);

    /// <summary>Free texts the writer left, for example <c>format</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="InputException">It cannot be read or is not exactly what the format demands.</exception>
    public static SafeTensorsFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        MappedBytes file = TensorFiles.Map(path, "safetensors file", PrefixLength);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, PrefixLength));
        long room = file.Length - PrefixLength;
        if (headerLength > SafeTensorsHeader.MaxLength || (long)headerLength > room)
        {
            throw new InputException(
                $"{path}: its first 8 bytes announce a header of {headerLength} bytes, "
                + $"expected at most {Math.Min(room, SafeTensorsHeader.MaxLength)}.",
                "is this a safetensors file, and complete?");
        }

        int length = (int)headerLength;
        MappedBytes data = file.Slice(PrefixLength + length, room - length);
        var metadata = new Dictionary<string, string>();
        List<TensorInfo> tensors = SafeTensorsHeader.Parse(path, file.Span(PrefixLength, length), data.Length, metadata);
        GC.KeepAlive(file);
        return new SafeTensorsFile(path, data, tensors, metadata);
    }

    /// <inheritdoc/>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <inheritdoc/>
    public TensorInfo Info(string name) => byName.TryGetValue(name, out TensorInfo? info) ? info : throw TensorFiles.NoTensor(this, name);

    /// <summary>The stored bytes of a tensor, in place.</summary>
    /// <exception cref="InputException">There is none of this name.</exception>
    public MappedBytes Bytes(string name)
    {
        TensorInfo info = Info(name);
        ObjectDisposedException.ThrowIf(data is null, this);
        return data.Slice(info.Start, info.Length);
    }

    /// <inheritdoc/>
    public void Read(string name, long start, Span<byte> destination)
    {
        MappedBytes bytes = Bytes(name);
        bytes.Span(start, destination.Length).CopyTo(destination);
        GC.KeepAlive(bytes);
    }

    /// <summary>
    /// Ends the use of the file. Tensors loaded from it stay valid: the mapping goes when the last of them does.
    /// </summary>
    public void Dispose() => data = null;
}

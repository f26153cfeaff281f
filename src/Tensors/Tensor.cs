namespace Sharpformer.Tensors;

/// <summary>
/// An n-dimensional array on a device, contiguous and row-major. Whatever is computed is <see cref="DType.F32"/>;
/// stored weights may be F16, BF16 or Q8, which only <see cref="Device.Gemm"/> and <see cref="Device.Gather"/> accept
/// (they widen while reading).
/// </summary>
public sealed class Tensor
{
    private readonly Storage storage;

    /// <summary>Wraps a block of device memory; devices call this.</summary>
    /// <param name="device">The device that owns <paramref name="storage"/>.</param>
    /// <param name="storage">The memory.</param>
    /// <param name="offset">First element, counted in elements of <paramref name="dtype"/>.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="dtype">How elements are stored.</param>
    public Tensor(Device device, Storage storage, long offset, Shape shape, DType dtype = DType.F32)
    {
        ArgumentNullException.ThrowIfNull(storage);
        long needed = (offset + shape.Count) * dtype.Size();
        if (offset < 0 || needed > storage.ByteLength)
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"Tensor {shape} {dtype} at {offset} needs {needed} bytes, its storage has {storage.ByteLength}.");
        (Device, this.storage, Offset, Shape, DType) = (device, storage, offset, shape, dtype);
    }

    /// <summary>Where the tensor lives and computes.</summary>
    public Device Device { get; }

    /// <summary>Extents.</summary>
    public Shape Shape { get; }

    /// <summary>How elements are stored.</summary>
    public DType DType { get; }

    /// <summary>First element within <see cref="Storage"/>, in elements.</summary>
    public long Offset { get; }

    /// <summary>The memory behind this tensor.</summary>
    /// <exception cref="ObjectDisposedException">The memory went back to its pool: the tensor outlived its scope.</exception>
    public Storage Storage => storage.Released
        ? throw new ObjectDisposedException(nameof(Tensor), $"Tensor {Shape} was used after its scope ended. Hint: BufferScope.Keep.")
        : storage;

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Extent of the last dimension.</summary>
    public int Columns => Shape.Columns;

    /// <summary>Product of all other dimensions.</summary>
    public int Rows => Shape.Rows;

    /// <summary>The same elements under another shape.</summary>
    /// <exception cref="ArgumentException">The element counts differ.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> dims)
    {
        var shape = new Shape(dims);
        if (shape.Count != Count)
            throw new ArgumentException($"Reshape: {Shape} has {Count} elements, {shape} has {shape.Count}.");
        return new Tensor(Device, Storage, Offset, shape, DType);
    }

    /// <summary>Rows <paramref name="start"/> … of the tensor seen as a matrix, sharing memory: <c>[count, Columns]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not all there.</exception>
    public Tensor Slice(int start, int count)
    {
        if (start < 0 || count < 0 || start + count > Rows)
            throw new ArgumentOutOfRangeException(nameof(start), $"Slice: rows {start}..{start + count} of {Shape}, which has {Rows}.");
        return new Tensor(Device, Storage, Offset + (long)start * Columns, new Shape(count, Columns), DType);
    }

    /// <summary>The elements, copied to the host and widened to float32.</summary>
    public float[] ToArray()
    {
        float[] values = new float[Count];
        Device.Download(this, values);
        return values;
    }

    /// <summary>
    /// The same elements in float32 memory of their own on the same device, owned by its current scope: what may be written to,
    /// where stored weights may not, and what a parameter is made of.
    /// </summary>
    /// <param name="outlivesScopes">Whether no scope ends it, as in <see cref="Device.AllocateUnscoped"/>.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room for it.</exception>
    public Tensor Float32Copy(bool outlivesScopes = false)
    {
        Tensor copy = outlivesScopes ? Device.AllocateUnscoped(Shape) : Device.Allocate(Shape);
        Device.Gather(this, [.. Enumerable.Range(0, Rows)], copy); // every row of it: the verb that widens
        return copy;
    }

    /// <summary>The only element of a one-element tensor.</summary>
    /// <exception cref="InvalidOperationException">There is more than one.</exception>
    public float ToScalar() => Count == 1
        ? ToArray()[0]
        : throw new InvalidOperationException($"ToScalar: {Shape} has {Count} elements, expected 1.");

    /// <summary>Shape and storage type, for messages.</summary>
    public override string ToString() => $"Tensor {Shape} {DType} on {Device.Name}";
}

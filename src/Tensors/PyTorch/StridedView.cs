namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// The elements of a view in row-major order, wherever its strides put them in the storage: element (i₀, i₁, …) lies at
/// offset + Σ iₖ · strideₖ.
/// </summary>
internal sealed unsafe class StridedView
{
    private readonly MappedBytes storage;
    private readonly int size;
    private readonly long offset;
    private readonly long[] dims, strides;

    /// <param name="storage">All bytes that the view may look into.</param>
    /// <param name="size">Bytes of an element.</param>
    /// <param name="offset">First element.</param>
    /// <param name="dims">Extents, outermost first.</param>
    /// <param name="strides">Distance of neighbours in each dimension, in elements; not negative.</param>
    public StridedView(MappedBytes storage, int size, long offset, long[] dims, long[] strides)
    {
        this.storage = storage;
        this.size = size;
        this.offset = offset;
        // A dimension of 1 never moves, whatever its stride says.
        int[] moving = [.. Enumerable.Range(0, dims.Length).Where(k => dims[k] != 1)];
        this.dims = [.. moving.Select(k => dims[k])];
        this.strides = [.. moving.Select(k => strides[k])];
        Count = dims.Aggregate(1L, (product, dim) => product * dim);
        IsContiguous = true;
        long expected = 1;
        for (int k = this.dims.Length - 1; k >= 0 && Count > 0; k--)
        {
            IsContiguous &= this.strides[k] == expected;
            expected *= this.dims[k];
        }
    }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>Whether the elements lie in the storage as they are wanted.</summary>
    public bool IsContiguous { get; }

    /// <summary>The elements in place.</summary>
    public MappedBytes Contiguous() => Count == 0 ? storage.Slice(0, 0) : storage.Slice(offset * size, Count * size);

    /// <summary>Whether all elements are within the storage.</summary>
    public static bool Fits(long storageBytes, int size, long offset, long[] dims, long[] strides)
    {
        if (dims.Contains(0)) return true;
        long elements = storageBytes / size;
        Int128 last = offset;
        for (int k = 0; k < dims.Length && last < elements; k++) last += (Int128)(dims[k] - 1) * strides[k];
        return last < elements;
    }

    /// <summary>Copies elements from <paramref name="start"/> on.</summary>
    /// <param name="start">First element in row-major order.</param>
    /// <param name="destination">Whole elements.</param>
    public void Read(long start, Span<byte> destination)
    {
        if (destination.Length == 0) return;
        long[] index = new long[dims.Length];
        long at = offset, rest = start;
        for (int k = dims.Length - 1; k >= 0; k--)
        {
            (rest, index[k]) = Math.DivRem(rest, dims[k]);
            at += index[k] * strides[k];
        }

        byte* from = storage.Pointer;
        for (int i = 0; i < destination.Length; i += size)
        {
            new ReadOnlySpan<byte>(from + at * size, size).CopyTo(destination[i..]);
            for (int k = dims.Length - 1; k >= 0; k--)
            {
                at += strides[k];
                if (++index[k] < dims[k]) break;
                at -= dims[k] * strides[k];
                index[k] = 0;
            }
        }

        GC.KeepAlive(storage);
    }
}

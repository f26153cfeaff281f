namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// A dictionary as a pickle wrote it: pairs in their order. Nothing is looked up or compared while reading, so neither
/// odd keys nor one that holds itself can do harm.
/// </summary>
internal sealed class PickleDict
{
    public List<(object? Key, object? Value)> Items { get; } = [];
}

/// <summary>A block of numbers outside of the pickle, which tensors look into.</summary>
/// <param name="Key">Its name among the storages of the file.</param>
/// <param name="DType">Type of its elements in the words of safetensors.</param>
/// <param name="Count">How many elements it is said to have.</param>
/// <param name="First">Where the tensors' storage begins in it, in elements: old files have storages within storages.</param>
internal sealed record StorageReference(string Key, string DType, long Count, long First)
{
    /// <summary>Bytes it is said to have; null where that is more than a long can count.</summary>
    public long? ByteLength => StoredTypes.ByteLength([Count], StoredTypes.Size(DType));
}

/// <summary>A tensor: a view of a storage.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="DType">Type of the elements in the words of safetensors.</param>
/// <param name="Offset">First element.</param>
/// <param name="Size">Extents, outermost first.</param>
/// <param name="Stride">How many elements apart neighbours in each dimension are.</param>
internal sealed record TensorView(StorageReference Storage, string DType, long Offset, long[] Size, long[] Stride);

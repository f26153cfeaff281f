namespace Sharpformer.Tensors;

/// <summary>
/// The element types of checkpoints, in the words of safetensors. The engine computes with three of
/// them; the others can be copied.
/// </summary>
internal static class StoredTypes
{
    private static readonly Dictionary<string, int> Sizes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E4M3"] = 1,
        ["F8_E5M2"] = 1,
        ["F8_E8M0"] = 1,
        ["U16"] = 2,
        ["I16"] = 2,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["U32"] = 4,
        ["I32"] = 4,
        ["F32"] = 4,
        ["U64"] = 8,
        ["I64"] = 8,
        ["F64"] = 8,
        ["C64"] = 8,
    };

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", Sizes.Keys);

    /// <summary>Bytes that an element takes, or 0 for an unknown type.</summary>
    public static int Size(string name) => Sizes.GetValueOrDefault(name);

    /// <summary>Bytes that <paramref name="shape"/> takes; null where that is more than a long can count.</summary>
    public static long? ByteLength(IReadOnlyList<long> shape, int size)
    {
        long bytes = size;
        foreach (long dim in shape)
        {
            if (Math.BigMul(bytes, dim, out long low) != 0 || low < 0) return null;
            bytes = low;
        }

        return bytes;
    }
}

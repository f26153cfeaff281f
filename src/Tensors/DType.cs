namespace Sharpformer.Tensors;

/// <summary>How the elements of a tensor are stored. Arithmetic is always float32.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32; everything that is computed.</summary>
    F32,

    /// <summary>IEEE 754 binary16; stored weights only.</summary>
    F16,

    /// <summary>bfloat16, the upper half of a binary32; stored weights only.</summary>
    BF16,

    /// <summary>
    /// int8 with a float32 scale for each row of the matrix that was stored: an element is q·s. Stored matrices only; see
    /// <see cref="RowQuantizer"/> for how they are made.
    /// </summary>
    Q8,
}

/// <summary>Facts about a <see cref="DType"/>.</summary>
public static class DTypeExtensions
{
    /// <summary>Bytes that one element takes; those of a row's scale come on top.</summary>
    public static int Size(this DType dtype) => dtype switch { DType.F32 => 4, DType.Q8 => 1, _ => 2 };
}

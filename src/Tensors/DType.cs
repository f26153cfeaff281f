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
}

/// <summary>Facts about a <see cref="DType"/>.</summary>
public static class DTypeExtensions
{
    /// <summary>Bytes that one element takes.</summary>
    public static int Size(this DType dtype) => dtype == DType.F32 ? 4 : 2;
}

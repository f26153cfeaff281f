namespace Sharpformer.Tensors.Gpu;

/// <summary>To what large products round their factors; sums are float32 always.</summary>
public enum GemmPrecision
{
    /// <summary>To nothing: all devices' meaning of a product.</summary>
    F32,

    /// <summary>TF32, 10 bits of mantissa, on NVIDIA's tensor cores: errors of about 1e-3 of the terms.</summary>
    TF32,

    /// <summary>BF16, 7 bits of mantissa, on NVIDIA's tensor cores: errors of about 1e-2 of the terms.</summary>
    BF16,
}

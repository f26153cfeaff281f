namespace Sharpformer.Tensors.Gpu;

/// <summary>How a GPU multiplies large matrices, those of more than 16 rows; sums are float32 always.</summary>
public enum GpuGemm
{
    /// <summary>In float32, by kernels whose bits do not depend on a matrix's size: all devices' meaning of a product.</summary>
    F32,

    /// <summary>Factors rounded to TF32, 10 bits of mantissa, on NVIDIA's tensor cores: errors of about 1e-3 of the terms.</summary>
    TF32,

    /// <summary>Factors rounded to BF16, 7 bits of mantissa, on NVIDIA's tensor cores: errors of about 1e-2 of the terms.</summary>
    BF16,

    /// <summary>
    /// In float32, by NVIDIA's cuBLAS where both factors are stored in float32; products with 16-bit weights keep
    /// the kernels of <see cref="F32"/>.
    /// </summary>
    Cublas,
}

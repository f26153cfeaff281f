using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors.Gpu;

/// <summary>Tensor cores against the float32 kernels; only a GPU can run them.</summary>
public sealed class GemmTensorCoreTests
{
    [Fact]
    public void A_device_without_tensor_cores_refuses()
    {
        using GpuDevice device = GpuDevice.Simulated();
        string message = Assert.Throws<InputException>(() => device.LargeGemm = GpuGemm.TF32).Message;
        Assert.Contains("TF32", message, StringComparison.Ordinal);
        Assert.Contains("sm_80", message, StringComparison.Ordinal);
        device.LargeGemm = GpuGemm.F32;
    }

    [CudaTheory]
    [InlineData("TF32", 1.0 / 1024)]
    [InlineData("BF16", 1.0 / 128)]
    public void Products_differ_from_float32_by_the_rounding_of_the_factors(string name, double rounding)
    {
        using var device = (GpuDevice)Devices.Create("cuda");
        foreach ((int m, int n, int k) in ((int, int, int)[])[(17, 5, 3), (130, 70, 40), (200, 264, 515)])
        {
            foreach (DType type in (DType[])[DType.F32, DType.F16, DType.BF16])
            {
                using BufferScope scope = device.Scope();
                Tensor left = device.From(Devices.Values((long)m * k, 1), m, k);
                Tensor leftTurned = device.From(Devices.Values((long)m * k, 1), k, m);
                Tensor right = Devices.Stored(device, Devices.Values((long)k * n, 2), type, k, n);
                Tensor rightTurned = Devices.Stored(device, Devices.Values((long)k * n, 2), type, n, k);
                foreach (MatrixView a in (MatrixView[])[left, MatrixView.Of(leftTurned).Transposed])
                {
                    foreach (MatrixView b in (MatrixView[])[right, MatrixView.Of(rightTurned).Transposed])
                    {
                        foreach (bool accumulate in (bool[])[false, true])
                        {
                            float[] exact = Product(GpuGemm.F32), rounded = Product(Enum.Parse<GpuGemm>(name));
                            for (int i = 0; i < exact.Length; i++) // terms are at most 4
                                Devices.Close(exact[i], rounded[i], 4 * k * rounding, $"{m}×{n}×{k} {type} element {i}");

                            float[] Product(GpuGemm precision)
                            {
                                device.LargeGemm = precision;
                                Tensor c = device.From(Devices.Values((long)m * n, 3), m, n);
                                device.Gemm(a, b, c, accumulate);
                                return c.ToArray();
                            }
                        }
                    }
                }
            }
        }
    }

    /// <summary>A theory that is skipped, and says so, where there is no NVIDIA driver.</summary>
    private sealed class CudaTheoryAttribute : TheoryAttribute
    {
        public CudaTheoryAttribute()
        {
            if (!DriverLibraries.Cuda) Skip = "There is no NVIDIA driver here.";
        }
    }
}

using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors.Gpu;

/// <summary>cuBLAS against the float32 kernels; only a GPU with NVIDIA's library can run it.</summary>
public sealed class CublasTests
{
    [Fact]
    public void A_device_without_CUDA_refuses()
    {
        using GpuDevice device = GpuDevice.Simulated();
        string message = Assert.Throws<InputException>(() => device.LargeGemm = GpuGemm.Cublas).Message;
        Assert.Contains("cuBLAS: ", message, StringComparison.Ordinal);
        Assert.Contains("without CUDA", message, StringComparison.Ordinal);
        Assert.Equal(GpuGemm.F32, device.LargeGemm);
    }

    [CublasFact]
    public void Products_are_those_of_the_float32_kernels()
    {
        using var device = (GpuDevice)Devices.Create("cuda");
        foreach ((int m, int n, int k) in ((int, int, int)[])[(17, 5, 3), (130, 70, 40), (200, 264, 515)])
        {
            foreach (DType type in (DType[])[DType.F32, DType.F16])
            {
                using BufferScope scope = device.Scope();
                Tensor left = device.From(Devices.Values(2L * m * k, 1), 2, m, k);
                Tensor right = Devices.Stored(device, Devices.Values(2L * k * n, 2), type, 2, k, n);
                foreach (bool turnA in (bool[])[false, true])
                {
                    foreach (bool turnB in (bool[])[false, true])
                    {
                        foreach (bool accumulate in (bool[])[false, true])
                        {
                            MatrixView a = View(left, m, k, turnA), b = View(right, k, n, turnB);
                            float[] own = Product(GpuGemm.F32), theirs = Product(GpuGemm.Cublas), again = Product(GpuGemm.Cublas);
                            for (int i = 0; i < own.Length; i++) // terms are at most 4
                                Devices.Close(own[i], theirs[i], 4 * k * 1e-6, $"{m}×{n}×{k} {type} element {i}");
                            Devices.SameBits(theirs, again, $"{m}×{n}×{k} {type}");

                            float[] Product(GpuGemm how)
                            {
                                device.LargeGemm = how;
                                Tensor c = device.From(Devices.Values(2L * m * n, 3), 2, m, n);
                                device.Gemm(a, b, View(c, m, n, turned: false), accumulate);
                                return c.ToArray();
                            }
                        }
                    }
                }
            }
        }

        static MatrixView View(Tensor tensor, int rows, int columns, bool turned) => turned
            ? new MatrixView(tensor, 0, rows, columns, 1, rows, 2, (long)rows * columns)
            : new MatrixView(tensor, 0, rows, columns, columns, 1, 2, (long)rows * columns);
    }

    /// <summary>A fact that is skipped, and says so, where there is no NVIDIA driver or no cuBLAS.</summary>
    private sealed class CublasFactAttribute : FactAttribute
    {
        public CublasFactAttribute()
        {
            if (!DriverLibraries.Cuda) Skip = "There is no NVIDIA driver here.";
            else if (!Cublas.Names.Any(name => NativeLibrary.TryLoad(name, out _))) Skip = "There is no cuBLAS here.";
        }
    }
}

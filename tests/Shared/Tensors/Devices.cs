using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>The devices that every device test runs on.</summary>
public static class Devices
{
    /// <summary>
    /// Environment variable that names real accelerators to test besides: <c>cuda</c>, <c>opencl</c>, or both with a comma.
    /// </summary>
    public const string Variable = "SHARPFORMER_TEST_DEVICES";

    /// <summary>The simulation, on which only small sizes are quick.</summary>
    public const string Simulation = "ilgpu-cpu";

    public static TheoryData<string> Names => new([.. CpuDevices, .. GpuDevices]);

    public static TheoryData<string> CpuNames => new(CpuDevices);

    public static TheoryData<string> GpuNames => new(GpuDevices);

    /// <summary>One CPU and all GPUs: for tests of whole models.</summary>
    public static string[] DifferentOnes => ["cpu-1-thread", .. GpuDevices];

    /// <summary>Those on which real sizes are quick.</summary>
    public static string[] QuickOnes => ["cpu-1-thread", .. Accelerators];

    /// <summary>The real accelerators that <see cref="Variable"/> names.</summary>
    public static string[] Accelerators =>
        (Environment.GetEnvironmentVariable(Variable) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The most bytes that a device's pool had at once.</summary>
    public static long PeakBytes(CpuDevice device) => device.Pool.PeakBytes;

    private static readonly Lock Opening = new();

    [ThreadStatic]
    private static Dictionary<string, GpuDevice>? hosts;

    private static string[] GpuDevices => [Simulation, .. Accelerators];

    private static string[] CpuDevices => ["cpu", "cpu-1-thread", "cpu-3-threads", "cpu-vector128", "cpu-vector256", "cpu-vector512"];

    public static Device Create(string name) => name switch
    {
        "cpu" => new CpuDevice(),
        "cpu-1-thread" => new CpuDevice(1),
        "cpu-3-threads" => new CpuDevice(3),
        "cpu-vector128" => new CpuDevice(2, GemmKernel.Vector128),
        "cpu-vector256" => new CpuDevice(2, GemmKernel.Vector256),
        "cpu-vector512" => new CpuDevice(2, GemmKernel.Vector512),
        Simulation or "opencl" or "cuda" => new GpuDevice(Host(name)),
        _ => throw new ArgumentException($"No device is called {name}."),
    };

    /// <summary>
    /// This thread's own, for a device is driven by one thread: compiling the kernels for each test would take most of its time.
    /// </summary>
    private static GpuDevice Host(string name)
    {
        hosts ??= [];
        if (hosts.TryGetValue(name, out GpuDevice? host)) return host;
        host = name switch
        {
            "opencl" => Gpu(name, builder => builder.OpenCL(), context => context.GetCLDevice(0)),
            "cuda" => Gpu(name, builder => builder.Cuda(), context => context.GetCudaDevice(0)),
            _ => GpuDevice.Simulated(),
        };
        hosts.Add(name, host);
        return host;
    }

    private static GpuDevice Gpu(string name, Action<Context.Builder> find, Func<Context, ILGPU.Runtime.Device> choose)
    {
        using Lock.Scope one = Opening.EnterScope(); // a driver that starts twice at once may find nothing
        Context context = Context.Create(builder =>
        {
            find(builder);
            builder.EnableAlgorithms();
        });
        return new GpuDevice(name, context, choose(context).CreateAccelerator(context));
    }

    /// <summary>Values in -2 … 2 that depend on nothing but the seed.</summary>
    public static float[] Values(long count, int seed = 1)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle() * 4 - 2;
        return values;
    }

    /// <summary>A tensor of stored weights with <paramref name="values"/> rounded to <paramref name="dtype"/>.</summary>
    public static Tensor Stored(Device device, float[] values, DType dtype, params int[] dims)
    {
        if (dtype == DType.Q8) return Quantized(device, values, new Shape(dims));
        byte[] bytes = new byte[values.Length * dtype.Size()];
        for (int i = 0; i < values.Length; i++)
        {
            Span<byte> to = bytes.AsSpan(i * dtype.Size());
            if (dtype == DType.F32) BitConverter.TryWriteBytes(to, values[i]);
            else if (dtype == DType.F16) BitConverter.TryWriteBytes(to, (System.Half)values[i]);
            else BitConverter.TryWriteBytes(to, (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16));
        }

        return device.Load(MappedBytes.Copy(bytes), dtype, new Shape(dims));
    }

    private static Tensor Quantized(Device device, float[] values, Shape shape)
    {
        sbyte[] whole = new sbyte[values.Length];
        float[] scales = new float[shape.Rows];
        for (int r = 0; r < scales.Length && shape.Columns > 0; r++)
        {
            Span<float> row = values.AsSpan(r * shape.Columns, shape.Columns);
            scales[r] = RowQuantizer.Scale(row);
            RowQuantizer.Quantize(row, scales[r], whole.AsSpan(r * shape.Columns));
        }

        return device.Load(
            MappedBytes.Copy(MemoryMarshal.AsBytes(whole.AsSpan())), DType.Q8, shape,
            MappedBytes.Copy(MemoryMarshal.AsBytes(scales.AsSpan())));
    }

    public static void Close(double expected, float actual, double tolerance, FormattableString what)
    {
        if (double.IsNaN(expected) ? float.IsNaN(actual) : expected == actual || Math.Abs(expected - actual) <= tolerance) return;
        Assert.Fail($"{what}: expected {expected:R}, got {actual:R}, tolerance {tolerance:g3}.");
    }

    public static void SameBits(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what}, element {i}: {expected[i]:R} and {actual[i]:R} differ in their bits.");
        }
    }
}

using System.Diagnostics;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Cli;

/// <summary>Drivers of no use, made by the C compiler: where no device is asked for, the CPU computes as without them.</summary>
public sealed class BrokenDriverTests : IDisposable
{
    private const string Cuda = "libcuda.so.1", OpenCL = "libOpenCL.so.1";

    /// <summary>An OpenCL with one GPU, which no program can use.</summary>
    private const string UselessGpu =
        """
        #include <string.h>
        typedef unsigned u;
        typedef unsigned long size;
        static int one(void **ids, u *count) { if (ids) *ids = (void *)1; if (count) *count = 1; return 0; }
        static int bytes(const void *s, size l, size n, void *value, size *needed)
        {
            if (value) { memset(value, 0, n); memcpy(value, s, l < n ? l : n); }
            if (needed) *needed = l;
            return 0;
        }
        static int text(const char *s, size n, void *value, size *needed) { return bytes(s, strlen(s) + 1, n, value, needed); }
        int clGetPlatformIDs(u n, void **ids, u *count) { return one(ids, count); }
        int clGetDeviceIDs(void *platform, size type, u n, void **ids, u *count) { return one(ids, count); }
        int clGetPlatformInfo(void *platform, u what, size n, void *value, size *needed) { return text("OpenCL 2.0 x", n, value, needed); }
        int clGetDeviceInfo(void *device, u what, size n, void *value, size *needed)
        {
            long number = what == 0x1000 ? 4 : 3;           /* its type is GPU */
            if (what >= 0x4000) return -30;                 /* it is neither NVIDIA's nor AMD's */
            if (what == 0x102B) return text("Card", n, value, needed);
            if (what == 0x103D) return text("OpenCL C 2.0 x", n, value, needed);
            if (what > 0x102B && what <= 0x1030) return text("OpenCL 2.0 x", n, value, needed);
            return bytes(&number, sizeof number, value ? n : sizeof number, value, needed);
        }
        void *clGetExtensionFunctionAddressForPlatform(void *platform, const char *name) { return 0; }
        void *clCreateContext(void *properties, u n, void *ids, void *notify, void *data, int *error) { *error = -6; return 0; }
        """;

    private static readonly string[] Devices = ["devices"], Logits = ["model", "logits", "--model", TestFiles.Model, "--tokens", "1"];

    private static readonly Lazy<CliRun> DevicesWithout = new(() => Run("", Devices)), LogitsWithout = new(() => Run("", Logits));

    private readonly string folder = Directory.CreateTempSubdirectory("sharpformer-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [DriverTheory]
    [InlineData("int cuInit(unsigned flags) { return 100; } int cuDriverGetVersion(int *v) { *v = 12040; return 0; }", // without a card
        "int clGetPlatformIDs(unsigned n, void **platforms, unsigned *count) { if (count) *count = 0; return -1001; }")]
    [InlineData("int lacking_all_that_is_asked_for;", "int lacking_all_that_is_asked_for;")]
    public void Drivers_without_a_device_are_as_none(string cuda, string opencl)
    {
        Compile(Cuda, cuda);
        Compile(OpenCL, opencl);
        Assert.Equal(DevicesWithout.Value, Run(folder, Devices));
        Assert.Equal(LogitsWithout.Value, Run(folder, Logits));
    }

    [DriverFact]
    public void Files_that_are_no_libraries_are_as_none()
    {
        File.WriteAllText(Path.Combine(folder, Cuda), "no library");
        File.WriteAllText(Path.Combine(folder, OpenCL), "no library");
        Assert.Equal(DevicesWithout.Value, Run(folder, Devices));
    }

    [DriverFact]
    public void Drivers_that_crash_are_told_and_passed_over()
    {
        Compile(Cuda, "int cuInit(unsigned flags) { return *(volatile int *)0; }");
        Compile(OpenCL, "void abort(void); int clGetPlatformIDs(unsigned n, void **platforms, unsigned *count) { abort(); }");
        const string Why = "crashes when it is asked for devices, exit code";
        const string Found = $"cuda driver ({Why} 139), opencl driver ({Why} 134)";
        CliRun devices = Run(folder, Devices);
        Assert.Equal((0, ""), (devices.ExitCode, devices.Error));
        Assert.EndsWith($"\nauto takes cpu: no usable GPU was found, only {Found}.\n", devices.Out, StringComparison.Ordinal);
        AssertPassedOver(Found);
        Run(folder, [.. Logits, "--device", "opencl"]).AssertFailed("--device is opencl", $"found {Found} and the CPU");
    }

    [DriverFact]
    public void A_GPU_that_does_not_start_is_told_and_passed_over()
    {
        Compile(OpenCL, UselessGpu);
        Assert.EndsWith("\nauto takes opencl: Card is a GPU.\n", Run(folder, Devices).Out, StringComparison.Ordinal);
        AssertPassedOver("opencl Card (does not start: CL_OUT_OF_HOST_MEMORY)");
        CliRun named = Run(folder, [.. Logits, "--device", "opencl"]);
        named.AssertFailed("opencl Card is there but does not start: CL_OUT_OF_HOST_MEMORY.", "Hint: ");
    }

    private void AssertPassedOver(string found)
    {
        string note = $"note: Computing on cpu: no usable GPU was found, only {found}.\n";
        Assert.Equal(LogitsWithout.Value with { Error = note }, Run(folder, Logits));
    }

    private static CliRun Run(string drivers, string[] args)
    {
        using CliProcess process = CliProcess.Start(args, drivers: drivers);
        return process.Finish();
    }

    private void Compile(string library, string source)
    {
        string[] how = ["-shared", "-fPIC", "-w", "-x", "c", "-", "-o", Path.Combine(folder, library)];
        using Process compiler = Process.Start(new ProcessStartInfo(Compiler!, how) { RedirectStandardInput = true })!;
        compiler.StandardInput.Write(source);
        compiler.StandardInput.Close();
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
    }

    private static string? Compiler { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(path => Path.Combine(path, "gcc")).FirstOrDefault(File.Exists);

    /// <summary>Why no driver can be made and tried here.</summary>
    private static string? Missing =>
        !OperatingSystem.IsLinux() ? "Drivers are put before the program as on Linux."
        : Compiler is null ? "There is no gcc here, which the drivers are made with."
        : DriverLibraries.Kinds.Count > 0 ? "This machine has drivers of its own, which would answer as well."
        : null;

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class DriverTheoryAttribute : TheoryAttribute
    {
        public DriverTheoryAttribute() => Skip = Missing;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class DriverFactAttribute : FactAttribute
    {
        public DriverFactAttribute() => Skip = Missing;
    }
}

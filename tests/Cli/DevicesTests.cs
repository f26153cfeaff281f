using System.CommandLine;
using System.Text.Json;
using ILGPU.Runtime.OpenCL;
using Sharpformer.Cli;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Cli;

/// <summary>Which device is chosen, what is said about it, and what happens when one fails.</summary>
public sealed class DevicesTests
{
    private static readonly AcceleratorInfo
        Small = new("cuda", "Small", "CUDA 12.4", IsGpu: true, 8L << 30, 40),
        Large = new("cuda", "Large", "CUDA 12.4", IsGpu: true, 80L << 30, 132),
        Unknown = new("cuda", "Unknown", "CUDA 99.0", IsGpu: true, 96L << 30, 132, "ILGPU does not know its architecture"),
        Radeon = new("opencl", "Radeon", "AMD, 2.1", IsGpu: true, 96L << 30, 60),
        Old = new("opencl", "Old", "Maker, 1.2", IsGpu: true, 4L << 30, 8, "its driver lacks OpenCL's generic address space"),
        Processor = new("opencl", "Processor", "Portable Computing Language, 3.0", IsGpu: false, 96L << 30, 64);

    [Fact]
    public void Auto_takes_cuda_then_an_OpenCL_GPU_then_the_CPU()
    {
        Assert.Equal(Large, Auto(Processor, Radeon, Small, Large));
        Assert.Equal(Small, Auto(Unknown, Radeon, Small));
        Assert.Equal(Radeon, Auto(Processor, Unknown, Radeon, Old));
        Assert.Null(Auto(Processor, Old, Unknown));
        Assert.Null(Auto());

        static AcceleratorInfo? Auto(params AcceleratorInfo[] found) => Accelerators.Choose(Accelerators.Auto, found).Accelerator;
    }

    [Fact]
    public void Falling_back_to_the_CPU_says_what_was_passed_over()
    {
        DeviceChoice choice = Accelerators.Choose(Accelerators.Auto, [Old, Processor]);
        Assert.Equal(("cpu", true), (choice.Name, choice.PassedOver));
        Assert.Equal(
            "no usable GPU was found, only opencl Old (its driver lacks OpenCL's generic address space), "
                + "opencl Processor (on the processor)",
            choice.Why);
        Assert.Equal(new DeviceChoice(null, "no accelerator was found", PassedOver: false), Accelerators.Choose(Accelerators.Auto, []));
    }

    [Fact]
    public void A_named_device_is_taken_or_missed()
    {
        Assert.Equal(Processor, Accelerators.Choose(Accelerators.OpenCL, [Large, Old, Processor]).Accelerator);
        Assert.Equal(Radeon, Accelerators.Choose(Accelerators.OpenCL, [Processor, Radeon]).Accelerator);
        Assert.Null(Accelerators.Choose(Accelerators.Cpu, [Large]).Accelerator);
        string missed = Assert.Throws<InputException>(() => Accelerators.Choose(Accelerators.Cuda, [Unknown, Radeon])).Message;
        Assert.StartsWith(
            "--device is cuda, but this machine has no usable cuda device; found cuda Unknown (ILGPU does not know its architecture), "
                + "opencl Radeon (usable) and the CPU. Hint: ",
            missed, StringComparison.Ordinal);
        string none = Assert.Throws<InputException>(() => Accelerators.Choose(Accelerators.OpenCL, [])).Message;
        Assert.Contains("found no accelerator and the CPU", none, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_accelerator_that_is_listed_as_usable_opens()
    {
        IReadOnlyList<AcceleratorInfo> found = Accelerators.List();
        foreach (string kind in found.Where(a => a.Unusable is null).Select(a => a.Kind).Distinct())
        {
            using Device device = Accelerators.Open(kind, 0, out DeviceChoice choice);
            Assert.Equal((kind, kind), (device.Name, choice.Name));
        }

        foreach (string kind in (string[])[Accelerators.Cuda, Accelerators.OpenCL])
        {
            if (found.All(a => a.Kind != kind))
                CliRun.Of("demo", "--device", kind).AssertFailed($"--device is {kind}", "found ", "and the CPU", "Hint: ");
        }

        using Device cpu = Accelerators.Open(Accelerators.Cpu, 3, out _);
        Assert.Equal(3, Assert.IsType<CpuDevice>(cpu).Threads);
    }

    [Fact]
    public void An_accelerator_that_does_not_start_is_passed_over_by_auto_and_an_error_by_name()
    {
        AcceleratorInfo[] gone = [Radeon, Small];
        using Device device = Accelerators.Open(Accelerators.Auto, 3, gone, out DeviceChoice choice);
        Assert.Equal(3, Assert.IsType<CpuDevice>(device).Threads);
        Assert.Equal(("cpu", true), (choice.Name, choice.PassedOver));
        Assert.Matches(
            @"^no usable GPU was found, only opencl Radeon \(does not start: .+\), cuda Small \(does not start: .+\)$", choice.Why);
        string said = Assert.Throws<InputException>(() => Accelerators.Open(Accelerators.Cuda, 0, gone, out _)).Message;
        Assert.StartsWith("cuda Small is there but does not start: ", said, StringComparison.Ordinal);
        Assert.Contains("Hint: ", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_lists_what_is_there_and_what_auto_takes()
    {
        JsonElement document = CliRun.Json("devices");
        Assert.Equal(Environment.ProcessorCount, document.GetProperty("cpu").GetProperty("processors").GetInt32());
        Assert.Equal(Accelerators.List().Count, document.GetProperty("accelerators").GetArrayLength());
        string auto = Accelerators.Choose(Accelerators.Auto, Accelerators.List()).Name;
        Assert.Equal(auto, document.GetProperty("auto").GetProperty("device").GetString());
        Assert.Contains($"auto takes {auto}: ", CliRun.Of("devices").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_devices_says_what_each_is_good_for()
    {
        JsonElement document = Listed("--json", Processor, Unknown, Small, Large).Document();
        JsonElement[] accelerators = [.. document.GetProperty("accelerators").EnumerateArray()];
        Assert.Equal(["Processor", "Unknown", "Small", "Large"], accelerators.Select(a => a.GetProperty("name").GetString()));
        Assert.Equal([false, true, true, true], accelerators.Select(a => a.GetProperty("isGpu").GetBoolean()));
        Assert.Equal([64, 132, 40, 132], accelerators.Select(a => a.GetProperty("computeUnits").GetInt32()));
        Assert.Equal("ILGPU does not know its architecture", accelerators[1].GetProperty("unusable").GetString());
        Assert.Equal(JsonValueKind.Null, accelerators[3].GetProperty("unusable").ValueKind);
        JsonElement auto = document.GetProperty("auto");
        Assert.Equal("cuda", auto.GetProperty("device").GetString());
        Assert.Equal("Large", auto.GetProperty("accelerator").GetString());
        Assert.Equal("Large is a GPU", auto.GetProperty("why").GetString());

        string[] lines = Listed(null, Processor, Unknown, Large).Out.Split('\n');
        Assert.Matches("cpu .* the processor .* yes", Line("cpu"));
        Assert.Matches("opencl .* Processor .* 103 GB .* 64 .* yes, on the processor, and slower than cpu", Line("Processor"));
        Assert.Matches("cuda .* Unknown .* 103 GB .* 132 .* no: ILGPU does not know its architecture", Line("Unknown"));
        Assert.Matches("cuda .* Large .* 85.9 GB .* 132 .* yes", Line("Large"));
        Assert.Contains("auto takes cuda: Large is a GPU.", lines);
        Assert.Contains("auto takes cpu: no accelerator was found.\n", Listed(null).Out, StringComparison.Ordinal);

        string Line(string name) => lines.First(line => line.Contains(name, StringComparison.Ordinal));

        static CliRun Listed(string? option, params AcceleratorInfo[] found)
        {
            var root = new RootCommand { new Option<bool>("--json") };
            root.SetAction(parse => DevicesCommand.Run(Terminal.Of(parse), found));
            using StringWriter output = new(), error = new();
            int code = Runner.Run(root, option is null ? [] : [option], output, error);
            Assert.Equal((0, ""), (code, error.ToString()));
            return new CliRun(code, output.ToString(), "");
        }
    }

    [Fact]
    public void Auto_says_what_it_chose_when_it_is_asked_for()
    {
        string[] logits = ["model", "logits", "--model", TestFiles.Model, "--tokens", "1"];
        CliRun auto = CliRun.Of([.. logits, "--device", "auto"]), cpu = CliRun.Of([.. logits, "--device", "cpu"]);
        Assert.Equal((0, 0, ""), (auto.ExitCode, cpu.ExitCode, cpu.Error));
        Assert.Matches(@"^note: Computing on (cpu|cuda|opencl): [^\n]+\.\n$", auto.Error);
    }

    [Fact]
    public void A_device_that_cannot_multiply_as_told_is_an_error()
    {
        string[] logits = ["model", "logits", "--model", TestFiles.Model, "--tokens", "1", "--device", "cpu", "--gpu-gemm"];
        foreach (string how in (string[])["tf32", "bf16", "cublas"])
            CliRun.Of([.. logits, how]).AssertFailed($"--gpu-gemm is {how}", "computes on cpu", "NVIDIA", "Hint: ");
        Assert.Equal(0, CliRun.Of([.. logits, "f32"]).ExitCode);
    }

    [Fact]
    public void A_GPU_that_fails_is_told_in_one_sentence()
    {
        // One of CUDA's cannot be made without its driver.
        Failing(new CLException(CLError.CL_OUT_OF_RESOURCES)).AssertFailed("The GPU failed: ", "--device cpu");

        static CliRun Failing(Exception e)
        {
            var root = new RootCommand();
            root.SetAction(int (ParseResult _) => throw e);
            using StringWriter output = new(), error = new();
            int code = Runner.Run(root, [], output, error);
            return new CliRun(code, output.ToString(), error.ToString());
        }
    }
}

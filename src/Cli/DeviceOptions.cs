using System.CommandLine;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Cli;

/// <summary>The options that say where to compute, and on which form of the weights.</summary>
internal sealed class DeviceOptions
{
    /// <summary>What <c>--device</c> is where it is not given; <c>auto</c> where this is not set either.</summary>
    public const string DefaultVariable = "SHARPFORMER_DEVICE";

    private static readonly Dictionary<string, GpuGemm> GpuGemms = Enum.GetValues<GpuGemm>()
        .ToDictionary(how => how.ToString().ToLowerInvariant());

    private readonly Option<string> device = CommonOptions.Choice(
        "--device",
        "Where to compute: auto, cpu, cuda or opencl. auto takes a GPU where there is one, else the CPU; see 'devices'. "
            + $"[default: {DefaultVariable}, else auto]",
        Accelerators.Names);

    private readonly Option<int> threads = CommonOptions.Number(
        "--threads", "Threads of the CPU that share the work, 0 for all processors; results do not depend on it.", 0,
        n => n is >= 0 and <= 1024, "0 to 1024");

    private readonly Option<string> gpuGemm = CommonOptions.Choice(
        "--gpu-gemm",
        "How an NVIDIA GPU multiplies large matrices: f32, tf32, bf16 or cublas. f32 rounds no factor and runs everywhere; "
            + "tf32 and bf16 round them for tensor cores; cublas takes NVIDIA's library where weights are float32. "
            + "With any but f32 results depend on the GPU.",
        [.. GpuGemms.Keys], "f32");

    private readonly WeightsOption? weights;

    private DeviceOptions(WeightsOption? weights) => this.weights = weights;

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="holdsWeights">Whether it loads a model as it is, and may be told in which form.</param>
    public static DeviceOptions AddTo(Command command, bool holdsWeights = true)
    {
        var options = new DeviceOptions(holdsWeights ? WeightsOption.AddTo(command) : null);
        command.Add(options.device);
        command.Add(options.threads);
        command.Add(options.gpuGemm);
        return options;
    }

    /// <summary>
    /// Opens a model on the device that was named. What auto chose is said wherever there was something to choose, or somebody asked for
    /// auto.
    /// </summary>
    /// <param name="parse">The command line.</param>
    /// <param name="model">The model folder.</param>
    /// <param name="needsTokenizer">Whether to fail without tokenizer files.</param>
    /// <param name="notice">Told what is no error but worth knowing.</param>
    /// <param name="adapter">The folder of a LoRA adapter on top of it; null for none.</param>
    /// <param name="verify">Whether its weights are hashed also where their fingerprint is remembered.</param>
    /// <exception cref="InputException">The device is not there, does not start, or cannot multiply as it is told to; or the folder
    /// holds no usable model.</exception>
    public Session Open(
        ParseResult parse, string model, bool needsTokenizer, Action<string>? notice = null, string? adapter = null, bool verify = true)
    {
        string wish = parse.GetValue(device) ?? Default();
        var session = Session.Open(model, new SessionOptions
        {
            Device = wish,
            Found = wish == Accelerators.Cpu ? [] : DriverChild.List(),
            Threads = parse.GetRequiredValue(threads),
            Weights = weights?.Of(parse) ?? default,
            Adapter = adapter,
            Verify = verify,
            NeedsTokenizer = needsTokenizer,
            Notice = notice,
            Time = Clock.FromEnvironment(),
        });
        try
        {
            RunFacts facts = Terminal.Of(parse).Facts;
            (facts.Model, facts.Device) = (model, session.Accelerator ?? session.Model.Device.Name);
            Use(parse, session.Model.Device, session.Choice);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Opens the device that was named, without a model.</summary>
    /// <exception cref="InputException">It is not there, does not start, or cannot multiply as it is told to.</exception>
    public Device OpenDevice(ParseResult parse)
    {
        string wish = parse.GetValue(device) ?? Default();
        Device opened = Accelerators.Open(
            wish, parse.GetRequiredValue(threads), wish == Accelerators.Cpu ? [] : DriverChild.List(), out DeviceChoice choice);
        try
        {
            Terminal.Of(parse).Facts.Device = choice.Accelerator?.Name ?? opened.Name;
            Use(parse, opened, choice);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>What a session computes on, in words.</summary>
    public static string ComputesOn(Session session) =>
        session.Threads is { } threads ? Terminal.Counted(threads, "thread") : $"{session.Model.Device.Name}, {session.Accelerator}";

    /// <summary>What <c>--device</c> is unless given.</summary>
    /// <exception cref="InputException">The variable names no device.</exception>
    public static string Default()
    {
        string? name = Environment.GetEnvironmentVariable(DefaultVariable);
        if (string.IsNullOrEmpty(name)) return Accelerators.Auto;
        return Accelerators.Names.Contains(name)
            ? name
            : throw new InputException(
                $"The environment's {DefaultVariable} is '{name}', {CommonOptions.Expected(name, Accelerators.Names)}");
    }

    private void Use(ParseResult parse, Device opened, DeviceChoice choice)
    {
        string? asked = parse.GetValue(device);
        if ((asked ?? Default()) == Accelerators.Auto && (asked is not null || choice.Accelerator is not null || choice.PassedOver))
            Terminal.Of(parse).Note($"note: Computing on {choice.Name}: {Terminal.Visible(choice.Why)}.");
        string how = parse.GetRequiredValue(gpuGemm);
        GpuGemm gemm = GpuGemms[how];
        if (opened is GpuDevice gpu) gpu.LargeGemm = gemm;
        else if (gemm != GpuGemm.F32)
            throw new InputException(
                $"--gpu-gemm is {how}, but this computes on {opened.Name}, expected an NVIDIA GPU.",
                "--device cuda takes one where there is one; --gpu-gemm f32 runs everywhere.");
    }
}

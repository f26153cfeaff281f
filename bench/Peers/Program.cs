using System.Diagnostics;
using System.Globalization;
using Sharpformer.Peers.Sides;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using TorchSharp;

namespace Sharpformer.Peers;

/// <summary>Times the engine and others at the same work in one process, in turn.</summary>
internal static class Program
{
    /// <summary>In the order in which they run.</summary>
    private static readonly string[] AllParts =
        ["bandwidth", "prompts", "decode", "xl", "process", "models", "kernels", "training", "retrofit"];

    private const string Usage = """
        usage: bench/Peers/run.sh [--part NAME[,NAME…]] [--threads N] [--pairs N] [--seconds N] [--edits N] [--json FILE]
          --part NAME[,NAME…]  which parts; all without any
                 bandwidth     how fast memory is read
                 prompts       reading prompts beside llama.cpp and ONNX Runtime
                 decode        decoding beside llama.cpp and ONNX Runtime
                 xl            both at the size of GPT-2 XL, beside llama.cpp
                 process       start to end and peak memory of processes of their own
                 models        reading prompts and decoding beside libtorch
                 kernels, training, retrofit   beside libtorch
          --threads N          threads of all sides (2)
          --pairs N            pairs of runs whose median counts (9)
          --seconds N          after which a row ends with fewer pairs, at least 3 (12)
          --edits N            facts that the retrofit teaches (1000)
          --json FILE          writes the report there as well
          --version            the version of libtorch, once it starts
        """;

    public static int Main(string[] args)
    {
        (int threads, int pairs, int seconds, int edits, string? json) = (2, 9, 12, 1000, null);
        (string Size, bool IsOurs)? training = null;
        string[] parts = AllParts;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case TrainingRows.Alone when i + 2 < args.Length:
                    training = (args[++i], args[++i] == "ours");
                    break;
                case "--version":
                    torch.InitializeDeviceType(DeviceType.CPU);
                    Console.WriteLine(torch.__version__);
                    return 0;
                case "--part" when ++i < args.Length && args[i].Split(',') is var named && named.All(AllParts.Contains):
                    parts = [.. AllParts.Where(named.Contains)];
                    break;
                case "--threads" when Number(args, ++i, out threads):
                case "--pairs" when Number(args, ++i, out pairs):
                case "--seconds" when Number(args, ++i, out seconds):
                case "--edits" when Number(args, ++i, out edits):
                    break;
                case "--json" when ++i < args.Length:
                    json = args[i];
                    break;
                default:
                    bool isHelp = i < args.Length && args[i] == "--help";
                    (isHelp ? Console.Out : Console.Error).WriteLine(Usage);
                    return isHelp ? 0 : 2;
            }
        }

        string root = Root();
        var files = new PeerFiles(Path.Combine(root, "artifacts", "models"));
        using var device = new CpuDevice(threads);
        var plain = new PlainRead(threads);
        var alternation = new Alternation(pairs, seconds, plain.Sample);
        if (training is { } side)
        {
            torch.set_num_threads(threads);
            new TrainingRows(device, alternation, root, files).RunAlone(side.Size, side.IsOurs);
            return 0;
        }

        return Run(parts, threads, pairs, json, part => part switch
        {
            "bandwidth" => [plain.Row()],
            "prompts" => new InferenceRows(files, alternation, threads).ReadingRows(),
            "decode" => new InferenceRows(files, alternation, threads).DecodingRows(),
            "xl" => new InferenceRows(files, alternation, threads).LargeRows(),
            "process" => new ProcessRows(Path.Combine(root, "artifacts", "peers-alone", "alone"), files, alternation, threads).All(),
            "models" => new ModelRows(device, alternation, files).All(),
            "kernels" => new KernelRows(device, alternation).All(),
            "training" => new TrainingRows(device, alternation, root, files).All(),
            _ => new RetrofitRows(device, root, edits, peerEdits: 8).All(),
        });
    }

    /// <summary>
    /// Runs parts and reports; a part that fails, as when sides do not agree, costs the others nothing but the exit code.
    /// </summary>
    private static int Run(string[] parts, int threads, int pairs, string? json, Func<string, IEnumerable<Row>> rowsOf)
    {
        var machine = Machine.Here();
        DateTime date = DateTime.UtcNow;
        double loadBefore = Machine.Load();
        long start = Stopwatch.GetTimestamp();
        torch.set_num_threads(threads);
        var versions = new
        {
            libtorch = torch.__version__,
            llamaSharp = Machine.Package("LLamaSharp"),
            llamaLibrary = LlamaSide.Library(),
            onnxRuntime = Machine.Package("Microsoft.ML.OnnxRuntime"),
        };
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{date:yyyy-MM-dd HH:mm} UTC, load {loadBefore}, {threads} threads; {machine}"));
        Console.WriteLine(
            $"libtorch {versions.libtorch}, LLamaSharp {versions.llamaSharp} ({versions.llamaLibrary} library), "
            + $"ONNX Runtime {versions.onnxRuntime}");
        Console.WriteLine(Report.Head);
        var rows = new List<Row>();
        var errors = new List<string>();
        var secondsOf = new Dictionary<string, double>();
        foreach (string part in parts)
        {
            long partStart = Stopwatch.GetTimestamp();
            try
            {
                rows.AddRange(rowsOf(part));
            }
            catch (Exception error) when (error is InvalidOperationException or InputException)
            {
                errors.Add($"{part}: {error.Message}");
                Console.Error.WriteLine($"error: {errors[^1]}");
            }

            secondsOf[part] = Math.Round(Stopwatch.GetElapsedTime(partStart).TotalSeconds);
        }

        double loadAfter = Machine.Load(), took = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds);
        int met = rows.Count(row => row.Met == true), missed = rows.Count(row => row.Met == false);
        string each = string.Join(", ", secondsOf.Select(part => $"{part.Key} {part.Value}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{met} goals met, {missed} not; load {loadAfter}; {took} s: {each}"));
        if (json is not null)
        {
            File.WriteAllText(json, Report.Json(
                new { date, machine, versions, threads, pairs, loadBefore, loadAfter, seconds = took, parts = secondsOf, rows, errors }));
        }

        return errors.Count == 0 ? 0 : 1;
    }

    private static bool Number(string[] args, int index, out int number)
    {
        number = 0;
        return index < args.Length && int.TryParse(args[index], NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
    }

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Sharpformer.sln"))) return folder.FullName;
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Sharpformer.sln.");
    }
}

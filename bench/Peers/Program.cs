using System.Globalization;
using Sharpformer.Tensors.Cpu;
using TorchSharp;

namespace Sharpformer.Peers;

/// <summary>Times the engine and libtorch at the same work in one process, in turn.</summary>
internal static class Program
{
    private const string Usage = """
        usage: bench/Peers/run.sh [kernels] [models] [training] [retrofit] [--threads N] [--pairs N] [--edits N] [--json FILE]
          kernels, models, training, retrofit   which parts; all without any
          --threads N                 threads of both sides (2)
          --pairs N                   pairs of runs whose median counts (9)
          --edits N                   facts that the retrofit teaches (1000)
          --json FILE                 writes the result there as well
          --version                   the version of libtorch, once it starts
        """;

    public static int Main(string[] args)
    {
        (int threads, int pairs, int edits, string? json) = (2, 9, 1000, null);
        (string Size, bool IsOurs)? alone = null;
        var parts = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "kernels" or "models" or "training" or "retrofit":
                    parts.Add(args[i]);
                    break;
                case "memory" when i + 2 < args.Length:
                    alone = (args[++i], args[++i] == "ours");
                    break;
                case "--version":
                    torch.InitializeDeviceType(DeviceType.CPU);
                    Console.WriteLine(torch.__version__);
                    return 0;
                case "--threads" when Number(args, ++i, out threads):
                case "--pairs" when Number(args, ++i, out pairs):
                case "--edits" when Number(args, ++i, out edits):
                    break;
                case "--json" when ++i < args.Length:
                    json = args[i];
                    break;
                default:
                    Console.Error.WriteLine(Usage);
                    return args[i] == "--help" ? 0 : 2;
            }
        }

        if (parts.Count == 0) parts = ["kernels", "models", "training", "retrofit"];
        torch.set_num_threads(threads);
        using var device = new CpuDevice(threads);
        var alternation = new Alternation(pairs);
        string root = Root();
        if (alone is { } side)
        {
            new TrainingRows(device, alternation, root).RunAlone(side.Size, side.IsOurs);
            return 0;
        }

        Console.WriteLine(Report.Head);
        var rows = new List<Row>();
        if (parts.Contains("kernels"))
            using (torch.no_grad()) rows.AddRange(new KernelRows(device, alternation).All());
        if (parts.Contains("models")) rows.AddRange(new ModelRows(device, alternation, Path.Combine(root, "artifacts", "models")).All());
        if (parts.Contains("training")) rows.AddRange(new TrainingRows(device, alternation, root).All());
        if (parts.Contains("retrofit")) rows.AddRange(new RetrofitRows(device, root, edits, peerEdits: 8).All());
        if (json is not null) File.WriteAllText(json, Report.Json(threads, torch.__version__, rows));
        return 0;
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

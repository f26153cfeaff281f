using System.Text.RegularExpressions;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Which files of a model folder hold its weights.</summary>
internal static partial class WeightLocation
{
    internal const string SafeTensors = ".safetensors";

    // In order of preference; where there are both, the safer format was usually made from the other.
    private static readonly (string Single, string[] Extensions)[] Formats =
        [("model.safetensors", [SafeTensors]), ("pytorch_model.bin", [".bin", ".pt", ".pth", ".ckpt"])];

    /// <summary>
    /// By the usual name, or by the index of that name; else the only file of the kind, or the only index, whatever it is called.
    /// </summary>
    /// <exception cref="InputException">There is none, or there are several.</exception>
    public static (IReadOnlyList<string> Files, WeightIndex? Index) Find(string folder) => TryFind(folder) ?? throw new InputException(
        $"{folder}: neither {string.Join(" nor ", Formats.Select(format => format.Single))} nor the .index.json of either is there.",
        ForeignFolder.Hint(folder) ?? "download the weights too.");

    /// <summary>The same; null where there is none.</summary>
    /// <exception cref="InputException">There are several.</exception>
    public static (IReadOnlyList<string> Files, WeightIndex? Index)? TryFind(string folder)
    {
        foreach ((string name, _) in Formats)
        {
            string single = Path.Combine(folder, name), index = single + ".index.json";
            if (Path.Exists(single)) return ([single], null);
            if (Path.Exists(index)) return Read(folder, index);
        }

        string[] names = [.. ForeignFolder.Names(folder).Where(name => !OfTraining().IsMatch(name))];
        foreach ((string usual, string[] extensions) in Formats)
        {
            string[] indexes = [.. names.Where(name => extensions.Any(end => Index(end).IsMatch(name)))];
            string[] files = [.. names.Where(name => extensions.Contains(Path.GetExtension(name)) && !PartOfSeveral().IsMatch(name))];
            if (files.Length + indexes.Length > 1)
                throw new InputException(
                    $"{folder}: several files of weights, {string.Join(", ", files.Concat(indexes).Take(8).Select(Quoted.Text))}"
                    + $"{(files.Length + indexes.Length > 8 ? ", …" : "")}, expected one, or one called {usual}.",
                    "keep the one that you mean, or name it so.");
            if (files.Length == 1) return ([Path.Combine(folder, files[0])], null);
            if (indexes.Length == 1) return Read(folder, Path.Combine(folder, indexes[0]));
        }

        return null;
    }

    private static (IReadOnlyList<string> Files, WeightIndex Index) Read(string folder, string path)
    {
        WeightIndex index = WeightIndex.Read(folder, path);
        return (index.Files, index);
    }

    // With a variant: model.safetensors.index.fp16.json.
    private static Regex Index(string extension) =>
        new($"{Regex.Escape(extension)}\\.index(\\.[^.]+)?\\.json$", RegexOptions.CultureInvariant);

    [GeneratedRegex(@"-(?!00001-of-00001)\d+-of-\d+", RegexOptions.CultureInvariant)]
    private static partial Regex PartOfSeveral();

    // What training programs leave beside the weights, adapters included.
    [GeneratedRegex(
        @"^(training_args|optimizer|scheduler|scaler|rng_state|random_states|adapter_model)\b.*|^rng_state_.*|optim_states\.pt$",
        RegexOptions.CultureInvariant)]
    private static partial Regex OfTraining();
}

using System.Globalization;
using System.Text.RegularExpressions;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Adapters;

/// <summary>
/// A LoRA adapter as PEFT saves it: <c>adapter_config.json</c> with <c>adapter_model.safetensors</c> or <c>adapter_model.bin</c>. What it
/// holds fits together once it is open; whether it fits a model is <see cref="LoraMerge"/>'s to say.
/// </summary>
public sealed partial class LoraAdapter : IDisposable
{
    internal const string WeightsName = "adapter_model.safetensors";

    private static readonly string[] FileNames = [WeightsName, "adapter_model.bin"];

    private readonly SortedDictionary<string, LoraPair> pairs = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, TensorInfo> replaced = new(StringComparer.Ordinal);

    private LoraAdapter(string folder, LoraSettings settings, ITensorFile file) =>
        (Folder, Settings, File) = (folder, settings, file);

    /// <summary>Its folder.</summary>
    public string Folder { get; }

    /// <summary>The file of its tensors.</summary>
    public string Path => File.Path;

    /// <summary>The model that it was trained on, as it says itself; null where it does not.</summary>
    public string? BaseModel => Settings.BaseModel;

    /// <summary>The ranks of its pairs, each once, in ascending order.</summary>
    public IReadOnlyList<int> Ranks => [.. pairs.Values.Select(pair => Settings.RankOf(pair.Module)).Distinct().Order()];

    /// <summary>The weights that it adds to.</summary>
    public IReadOnlyList<string> Changed => [.. pairs.Values.Select(pair => pair.Weight)];

    /// <summary>The weights that it replaces.</summary>
    public IReadOnlyList<string> Replaced => [.. replaced.Keys];

    /// <summary>What its settings make of its tensors, as a text: the same text and the same tensors are the same adapter.</summary>
    public string Meaning => string.Join('\n', [
        .. pairs.Values.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Weight} + {pair.Scale:R} {pair.B} {pair.A}")),
        .. replaced.Select(tensor => $"{tensor.Key} = {tensor.Value.Name}{(IsCopy(tensor.Key) ? " alone" : "")}"),
    ]);

    internal LoraSettings Settings { get; }

    internal ITensorFile File { get; }

    internal IEnumerable<LoraPair> Pairs => pairs.Values;

    /// <summary>The tensor that stands for a weight; null for none.</summary>
    internal TensorInfo? ReplacementOf(string weight) => replaced.GetValueOrDefault(weight);

    /// <summary>Whether a weight was trained as a copy, so that another one that was tied to it stays as it is.</summary>
    internal bool IsCopy(string weight) => Settings.Replaces(LoraSettings.FullName(LoraMerge.ModuleOf(weight)));

    /// <summary>Reads the settings and the names of the tensors.</summary>
    /// <exception cref="InputException">Files are missing or damaged, or do not fit together.</exception>
    public static LoraAdapter Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: no such folder, expected that of a LoRA adapter.");
        var settings = LoraSettings.Read(folder);
        string path = FileNames.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(System.IO.Path.Exists)
            ?? throw new InputException($"{folder}: neither {FileNames[0]} nor {FileNames[1]} is there.", "download the weights too.");
        var adapter = new LoraAdapter(folder, settings, ModelFolder.OpenWeights(path));
        try
        {
            adapter.Sort();
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file; tensors that were loaded from it stay valid.</summary>
    public void Dispose() => File.Dispose();

    /// <summary>Tells the tensors apart: halves of pairs, whole weights, and what PEFT saves along.</summary>
    private void Sort()
    {
        var halves = new SortedDictionary<(string Module, bool IsEmbedding), (TensorInfo? A, TensorInfo? B)>();
        foreach (TensorInfo info in File.Tensors)
        {
            if (HalfName().Match(info.Name) is { Success: true } half)
            {
                (string, bool) key = (WithoutWrapper(half.Groups["module"].Value), half.Groups["embedding"].Success);
                (TensorInfo? a, TensorInfo? b) = halves.GetValueOrDefault(key);
                bool isA = half.Groups["half"].Value == "A";
                if ((isA ? a : b) is { } other) throw Twice(info, other);
                halves[key] = isA ? (info, b) : (a, info);
            }
            else if (!info.Name.Contains(".original_module.", StringComparison.Ordinal) && !ModelFolder.IsBuffer(info.Name))
            {
                string weight = TensorNames.Usual.Plain(WithoutWrapper(WrapperWords().Replace(info.Name, "")));
                if (!replaced.TryAdd(weight, info)) throw Twice(info, replaced[weight]);
            }
        }

        foreach (((string module, bool isEmbedding), (TensorInfo? a, TensorInfo? b)) in halves)
        {
            if (a is null || b is null)
                throw new InputException(
                    $"{Path}: {Quoted.Text((a ?? b)!.Name)} has no {(a is null ? 'A' : 'B')} beside it, expected both halves.");
            int rank = Settings.RankOf(module);
            if (a.Shape is not [var rows, _] || b.Shape is not [_, var columns] || rows != rank || columns != rank)
                throw new InputException(
                    $"{Path}: {a} and {b} are the halves for {Quoted.Bare(module)}, expected [{rank},in] and [out,{rank}], "
                    + $"as {LoraSettings.FileName} says that their rank is {rank}.");
            _ = (File.TypeOf(a), File.TypeOf(b));
            string weight = TensorNames.Usual.Plain(module + ".weight");
            var pair = new LoraPair(module, weight, a.Name, b.Name, isEmbedding, Settings.ScaleOf(module));
            if (!pairs.TryAdd(weight, pair)) throw Twice(a, File.Info(pairs[weight].A));
        }

        if (pairs.Count + replaced.Count == 0) throw new InputException($"{Path}: holds no tensors, expected those of a LoRA adapter.");
    }

    private InputException Twice(TensorInfo info, TensorInfo other) => new(
        $"{Path}: {Quoted.Text(info.Name)} and {Quoted.Text(other.Name)} are both there for the same part of the model.",
        "two adapters in one file?");

    private static string WithoutWrapper(string name)
    {
        const string Wrapper = "base_model.", Model = "model.";
        if (name.StartsWith(Wrapper, StringComparison.Ordinal)) name = name[Wrapper.Length..];
        return name.StartsWith(Model, StringComparison.Ordinal) ? name[Model.Length..] : name;
    }

    // …c_attn.lora_A.weight, …c_attn.lora_A.default.weight, …wte.lora_embedding_A, …wte.lora_embedding_A.default
    [GeneratedRegex(
        @"\A(?<module>.+)\.lora_(?<embedding>embedding_)?(?<half>[AB])(\.(?!bias\z|weight\z)[^.]+)?(\.weight)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex HalfName();

    // What stands between a module and its own parameters: …c_attn.base_layer.bias, lm_head.modules_to_save.default.weight
    [GeneratedRegex(@"\.base_layer(?=\.)|\.modules_to_save(\.[^.]+(?=\.[^.]+\z))?(?=\.)", RegexOptions.CultureInvariant)]
    private static partial Regex WrapperWords();
}

using System.Runtime.InteropServices;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// A network that makes edits, as a safetensors file: its weights and state, and in the metadata its method, its settings, the model it was
/// trained for and how.
/// </summary>
internal sealed class TrainedNetFile
{
    private const string MethodKey = "method", ModelKey = "model", TokenizerKey = "tokenizer", SettingsKey = "settings", SumKey = "sum";

    private TrainedNetFile(string path, NetSettings settings) => (Path, Settings) = (path, settings);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What it makes edits with, its own sum included.</summary>
    public NetSettings Settings { get; }

    /// <summary>Where a model's network is looked for unless another place is named: beside the model's folder.</summary>
    public static string PlaceBeside(string modelFolder, string method) =>
        $"{System.IO.Path.TrimEndingDirectorySeparator(modelFolder)}.{method}.safetensors";

    /// <summary>Opens a file, and makes sure that it is what a method needs for a model.</summary>
    /// <param name="path">The file; null where none is known.</param>
    /// <param name="method">The method.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="InputException">There is none, or it is another method's or model's.</exception>
    public static TrainedNetFile Open(string? path, string method, ModelFingerprint? model)
    {
        if (path is null || !File.Exists(path))
        {
            string instead = path is null ? "none was named" : Directory.Exists(path) ? $"{path} is a folder" : $"there is no {path}";
            throw new InputException(
                $"Method {method} needs a network that was trained for the model, and {instead}.",
                $"train one by 'train-editor {method} --model … --input RECORDS --output FILE' and name it by --net FILE.");
        }

        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault(MethodKey) is not { } found || !file.Metadata.TryGetValue(SettingsKey, out string? settings))
            throw new InputException($"{path}: is no network that makes edits.", $"'train-editor {method}' writes one.");
        if (found != method)
            throw new InputException($"{path}: is a network of method {found}, expected one of {method}.");
        if (model is null || file.Metadata.GetValueOrDefault(ModelKey) != model.Weights
            || file.Metadata.GetValueOrDefault(TokenizerKey) != model.Tokenizer)
        {
            throw new InputException(
                $"{path}: was trained for another model.",
                $"train one for this model by 'train-editor {method}', or name its own by --net FILE.");
        }

        return new TrainedNetFile(
            path, (NetSettings)EditSettings.Parse(method, settings) with { Net = SecureHash.Sha256OfFile(path) });
    }

    /// <summary>Writes a network.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="net">The network.</param>
    /// <param name="model">The model it was trained for.</param>
    /// <param name="origin">How it was trained, by key; for people.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string path, ITrainedNet net, ModelFingerprint model, IReadOnlyDictionary<string, string> origin) =>
        SafeTensorsWriter.Write(
            path, [.. net.Weights.Concat(net.State).Select(one => new SafeTensorsEntry(one.Name, one.Value))],
            new Dictionary<string, string>(origin)
            {
                [MethodKey] = net.Settings.Method,
                [ModelKey] = model.Weights,
                [TokenizerKey] = model.Tokenizer,
                [SettingsKey] = net.Settings.ToJson(),
                [SumKey] = SumOf(net),
            });

    /// <summary>Reads the network.</summary>
    /// <param name="model">The model that it edits.</param>
    /// <exception cref="InputException">Its tensors are not those of its settings, or not as they were written.</exception>
    public ITrainedNet Load(CausalLm model)
    {
        ITrainedNet net = EditorNets.New(Settings, model, seed: 0);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path);
        foreach ((string name, Tensor value, _) in net.Weights.Concat(net.State))
        {
            if (!file.Contains(name) || file.Info(name).EngineShape(Path) != value.Shape)
            {
                throw new InputException(
                    $"{Path}: has no tensor {Quoted.Text(name)} of {value.Shape}, as its settings say.", "train it anew.");
            }

            float[] values = new float[value.Count];
            file.ReadFloats(name, 0, values);
            value.Device.Upload(values, value);
        }

        // Files of an older program have none.
        if (file.Metadata.TryGetValue(SumKey, out string? sum) && sum != SumOf(net))
            throw new InputException($"{Path}: its numbers are not those that were written.", "fetch a copy, or train it anew.");
        return net;
    }

    private static string SumOf(ITrainedNet net)
    {
        using var hash = new FieldHash();
        foreach ((string name, Tensor value, _) in net.Weights.Concat(net.State))
            hash.Text(name).Blob(MemoryMarshal.AsBytes<float>(value.ToArray()));
        return hash.Finish();
    }
}

using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Writes the weights of a model folder as safetensors into a new one, together with its config and tokenizer.</summary>
public static class CheckpointConverter
{
    private const string Config = "config.json";

    private const long ShardBytes = 5_000_000_000;

    private static readonly JsonSerializerOptions JsonText =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What was written.</summary>
    /// <param name="Files">Names of the weight files.</param>
    /// <param name="Tensors">How many tensors they hold.</param>
    /// <param name="Bytes">Bytes of weights, without headers.</param>
    /// <param name="Dropped">
    /// Tensors of the source that are no weights of their own: causal masks, and a head tied to the embedding.
    /// </param>
    /// <param name="Narrowed">How many tensors were F64 and take less now.</param>
    public sealed record Report(IReadOnlyList<string> Files, int Tensors, long Bytes, IReadOnlyList<string> Dropped, int Narrowed);

    /// <summary>
    /// Writes a new folder: complete or not at all, and the same bytes for the same arguments. Names stay as stored unless a training
    /// program put words before them (<see cref="PlainLayout"/>), masks and tied copies are left out, F64 becomes F32. Takes a few MB of
    /// memory whatever the size of the model. Whether the tensors make a model is <see cref="ModelFolder.Check"/>'s to say.
    /// </summary>
    /// <param name="source">The model folder.</param>
    /// <param name="folder">The folder to write; must not exist.</param>
    /// <param name="dtype">
    /// How weights are stored, rounded to the nearest; null for as they were. Integers always stay, and so does what is no matrix where
    /// this is Q8 (see <see cref="Q8Container"/>).
    /// </param>
    /// <param name="shardBytes">Largest file of weights, unless a single tensor is larger.</param>
    /// <param name="adapter">
    /// The folder of a LoRA adapter to merge into the weights; what it changes is float32 unless <paramref name="dtype"/> says otherwise.
    /// </param>
    /// <param name="progress">Told how many bytes of how many are written.</param>
    /// <param name="cancellation">Stops the writing; nothing is left behind.</param>
    /// <exception cref="InputException">
    /// The source is no whole model folder, the adapter does not fit it, a number is beyond the type wished for, or the folder is there or
    /// cannot be written.
    /// </exception>
    public static Report Convert(
        string source, string folder, DType? dtype = null, long shardBytes = ShardBytes, string? adapter = null,
        Action<long, long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardBytes);
        NewFolder.CheckIsNew(folder);
        using var conversion = Conversion.Of(source, dtype, adapter, progress: progress);
        return Write(source, folder, dtype, shardBytes, conversion, _ => { }, cancellation);
    }

    /// <summary>The same with weights in place of stored ones, which are rounded to the type that those have.</summary>
    /// <param name="source">The model folder.</param>
    /// <param name="folder">The folder to write; must not exist.</param>
    /// <param name="replaced">The weights.</param>
    /// <param name="dtype">How all weights are stored; null for as they were.</param>
    /// <param name="adapter">The folder of a LoRA adapter to merge into the weights first; null for none.</param>
    /// <param name="complete">Told the folder once the model is in it, before it takes its name.</param>
    /// <param name="progress">Told how many bytes of how many are written.</param>
    /// <param name="cancellation">Stops the writing; nothing is left behind.</param>
    /// <exception cref="InputException">As for <see cref="Convert"/>, or there is no place for a weight.</exception>
    internal static Report ConvertReplaced(
        string source, string folder, ReplacedWeights replaced, DType? dtype, string? adapter, Action<string> complete,
        Action<long, long>? progress = null, CancellationToken cancellation = default)
    {
        NewFolder.CheckIsNew(folder);
        using var conversion = Conversion.Of(source, dtype, adapter, replaced, progress);
        return Write(source, folder, dtype, ShardBytes, conversion, complete, cancellation);
    }

    private static Report Write(
        string source, string folder, DType? dtype, long shardBytes, Conversion conversion, Action<string> complete,
        CancellationToken cancellation)
    {
        List<List<SafeTensorsEntry>> shards = conversion.Shards(shardBytes);
        string[] names = [.. shards.Select((_, i) => ShardName(i, shards.Count))];
        string configText = ConfigText(source, dtype, conversion.UntiesHead);
        NewFolder.Write(folder, temporary =>
        {
            Fill(temporary, source, configText, shards, names, conversion, cancellation);
            complete(temporary);
            cancellation.ThrowIfCancellationRequested();
        });
        return new Report(names, conversion.Tensors.Count, conversion.Bytes, conversion.Dropped, conversion.Narrowed);
    }

    /// <summary>
    /// The weights that <see cref="Convert"/> writes with <paramref name="dtype"/>, one file after the other: who a model is whose weights
    /// are rounded when they are loaded.
    /// </summary>
    /// <exception cref="InputException">As for <see cref="Convert"/>.</exception>
    public static void WriteWeights(
        string source, Stream stream, DType dtype, string? adapter = null, CancellationToken cancellation = default)
    {
        using var conversion = Conversion.Of(source, dtype, adapter);
        foreach (List<SafeTensorsEntry> shard in conversion.Shards(ShardBytes))
            SafeTensorsWriter.Write(stream, shard, conversion.Metadata, cancellation);
    }

    private static void Fill(
        string temporary, string source, string configText, List<List<SafeTensorsEntry>> shards, string[] names, Conversion conversion,
        CancellationToken cancellation)
    {
        foreach ((List<SafeTensorsEntry> shard, string name) in shards.Zip(names))
            SafeTensorsWriter.Write(Path.Combine(temporary, name), shard, conversion.Metadata, cancellation);
        if (shards.Count > 1)
            File.WriteAllText(Path.Combine(temporary, "model.safetensors.index.json"), IndexJson(shards, names, conversion.Bytes));
        foreach (string name in Tokenizer.Files(source).Append("generation_config.json").Append("sharpformer.json"))
        {
            cancellation.ThrowIfCancellationRequested();
            if (Path.Exists(Path.Combine(source, name))) SmallFile.Copy(source, name, temporary);
        }

        File.WriteAllText(Path.Combine(temporary, Config), configText);
    }

    /// <summary>
    /// The source's, but for the type of the weights where that changes (to the one wished for, and F64 to F32 in any case), and for a
    /// head that only the weights, or an adapter, make one of its own.
    /// </summary>
    internal static string ConfigText(string source, DType? dtype, bool untiesHead)
    {
        bool isMade = !Path.Exists(Path.Combine(source, Config));
        ReadOnlySpan<byte> text = isMade ? [] : SmallFile.ReadOwn(source, Config).AsSpan().TrimStart(Encoding.UTF8.Preamble);
        byte[]? numbers = PythonNumbers.ToJson(text);
        JsonObject json = isMade
            ? NanoGpt.In(source)!.Value.Config
            : JsonNode.Parse(numbers is null ? text : numbers)!.AsObject(); // ModelConfig has read it
        bool Stale(string key) => json.ContainsKey(key) && (dtype is not null || IsDouble(json[key]));
        string[] stale = [.. ((string[])["torch_dtype", "dtype"]).Where(Stale)];
        if (stale.Length == 0 && !untiesHead && !isMade) return Encoding.UTF8.GetString(text);
        foreach (string key in stale) json[key] = ModelConfig.TorchName(dtype ?? DType.F32);
        if (untiesHead) json["tie_word_embeddings"] = false;
        byte[] changed = Encoding.UTF8.GetBytes(json.ToJsonString(JsonText) + "\n");
        return Encoding.UTF8.GetString(numbers is null ? changed : PythonNumbers.ToPython(changed) ?? changed);

        static bool IsDouble(JsonNode? value) => value is JsonValue known && known.TryGetValue(out string? name) && name == "float64";
    }

    private static string ShardName(int index, int count) => count == 1
        ? "model.safetensors"
        : string.Create(CultureInfo.InvariantCulture, $"model-{index + 1:00000}-of-{count:00000}.safetensors");

    private static string IndexJson(List<List<SafeTensorsEntry>> shards, string[] names, long total)
    {
        IEnumerable<KeyValuePair<string, JsonNode?>> map = shards.Zip(names)
            .SelectMany(pair => pair.First.Select(entry => KeyValuePair.Create(entry.Info.Name, (JsonNode?)pair.Second)))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal);
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = new JsonObject(map) };
        return index.ToJsonString(JsonText) + "\n";
    }
}

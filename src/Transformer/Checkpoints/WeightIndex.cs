using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Which tensor is in which shard: <c>{"weight_map": {"wte.weight": "model-00001-of-00002.safetensors", …}}</c>.</summary>
internal sealed class WeightIndex
{
    private readonly string path;
    private readonly Dictionary<string, List<string>> byFile; // full path → names of its tensors

    private WeightIndex(string path, Dictionary<string, List<string>> byFile) => (this.path, this.byFile) = (path, byFile);

    /// <summary>The shards, in ordinal order of their names.</summary>
    public IReadOnlyList<string> Files => [.. byFile.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Reads an index; every shard that it names is there.</summary>
    /// <exception cref="InputException">It cannot be read, is no such index, or names what is not there.</exception>
    public static WeightIndex Read(string folder, string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object
                || map.EnumerateObject().Any(entry => entry.Value.ValueKind != JsonValueKind.String))
            {
                throw new InputException($"{path}: expected an object weight_map from tensor names to file names.");
            }

            return new WeightIndex(path, ByFile(folder, path, map));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: not valid JSON ({Quoted.Position(e)}).", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", inner: e);
        }
    }

    /// <summary>Makes sure that a shard holds what the index says.</summary>
    /// <exception cref="InputException">A tensor is missing.</exception>
    public void Check(ITensorFile file)
    {
        foreach (string name in byFile[file.Path])
        {
            if (!file.Contains(name))
                throw new InputException($"{path}: weight_map says that tensor {Quoted.Text(name)} is in {Path.GetFileName(file.Path)}, which lacks it.", "an index of another download?");
        }
    }

    private static Dictionary<string, List<string>> ByFile(string folder, string path, JsonElement map)
    {
        var byFile = new Dictionary<string, List<string>>();
        var names = new HashSet<string>();
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            string file = entry.Value.GetString()!;
            if (!names.Add(entry.Name)) throw new InputException($"{path}: weight_map names tensor {Quoted.Text(entry.Name)} twice.");
            string full = Path.Combine(folder, file);
            if (!byFile.TryGetValue(full, out List<string>? inFile))
            {
                if (file.Length == 0 || file != Path.GetFileName(file) || file.Contains('\\') || file is "." or "..")
                    throw new InputException($"{path}: weight_map names {Quoted.Text(file)}, expected a file in the same folder.");
                if (!File.Exists(full)) throw new InputException($"{path}: weight_map names {Quoted.Text(file)}, which is not there.", "an incomplete download?");
                byFile.Add(full, inFile = []);
            }

            inFile.Add(entry.Name);
        }

        if (byFile.Count == 0) throw new InputException($"{path}: weight_map is empty, expected the name of a shard for each tensor.");
        return byFile;
    }
}

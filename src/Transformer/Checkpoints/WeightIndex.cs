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
    public static WeightIndex Read(string folder, string path) => JsonPart.Read(
        path, "it says which weights are in which file of the folder.", root => new WeightIndex(path, ByFile(folder, root)),
        uniqueNames: false);

    /// <summary>Makes sure that a shard holds what the index says.</summary>
    /// <exception cref="InputException">A tensor is missing.</exception>
    public void Check(ITensorFile file)
    {
        foreach (string name in byFile[file.Path])
        {
            if (!file.Contains(name))
                throw new InputException(
                    $"{path}: weight_map says that tensor {Quoted.Text(name)} is in {Path.GetFileName(file.Path)}, which lacks it.",
                    "an index of another download?");
        }
    }

    private static Dictionary<string, List<string>> ByFile(string folder, JsonPart root)
    {
        string path = root.File;
        var byFile = new Dictionary<string, List<string>>();
        var names = new HashSet<string>();
        foreach ((string name, JsonPart value) in root.Need("weight_map").Members())
        {
            string file = value.AsText();
            if (!names.Add(name)) throw new InputException($"{path}: weight_map names tensor {Quoted.Text(name)} twice.");
            string full = Path.Combine(folder, file);
            if (!byFile.TryGetValue(full, out List<string>? inFile))
            {
                if (file.Length == 0 || file != Path.GetFileName(file) || file.Contains('\\') || file is "." or "..")
                    throw new InputException($"{path}: weight_map names {Quoted.Text(file)}, expected a file in the same folder.");
                if (!File.Exists(full))
                    throw new InputException(
                        $"{path}: weight_map names {Quoted.Text(file)}, which is not there.", "an incomplete download?");
                byFile.Add(full, inFile = []);
            }

            inFile.Add(name);
        }

        if (byFile.Count == 0) throw new InputException($"{path}: weight_map is empty, expected the name of a shard for each tensor.");
        return byFile;
    }
}

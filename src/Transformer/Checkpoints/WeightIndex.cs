using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Which tensor is in which shard: <c>{"weight_map": {"wte.weight": "model-00001-of-00002.safetensors", …}}</c>.</summary>
internal sealed class WeightIndex
{
    private readonly string path;
    private readonly Dictionary<string, List<string>> byFile; // full path → names of its tensors

    private WeightIndex(string path, Dictionary<string, List<string>> byFile) => (this.path, this.byFile) = (path, byFile);

    /// <summary>The shards that are there, in ordinal order of their names.</summary>
    public IReadOnlyList<string> Files => [.. byFile.Keys.Where(File.Exists).Order(StringComparer.Ordinal)];

    /// <summary>Reads an index.</summary>
    /// <exception cref="InputException">It cannot be read, is no such index, or none of what it names is there.</exception>
    public static WeightIndex Read(string folder, string path)
    {
        WeightIndex index = JsonPart.Read(
            path, "it says which weights are in which file of the folder.", root => new WeightIndex(path, ByFile(folder, root)),
            uniqueNames: false);
        return index.Files.Count > 0 ? index : throw index.NotThere(index.byFile.Keys.Order(StringComparer.Ordinal).First());
    }

    /// <summary>
    /// What the index lists and no shard has, each with the error for whoever needs it: heads that are tied and masks are often listed
    /// and not stored.
    /// </summary>
    public IReadOnlyList<(string Name, InputException Told)> Absent(IReadOnlyCollection<ITensorFile> shards)
    {
        var absent = new List<(string, InputException)>();
        foreach ((string full, List<string> names) in byFile)
        {
            bool isThere = shards.Any(shard => shard.Path == full);
            absent.AddRange(names.Where(name => !shards.Any(shard => shard.Contains(name)))
                .Select(name => (name, isThere ? Lacks(name, full) : NotThere(full))));
        }

        return absent;
    }

    private InputException Lacks(string name, string full) => new(
        $"{path}: weight_map says that tensor {Quoted.Text(name)} is in {Path.GetFileName(full)}, which lacks it.",
        "an index of another download?");

    private InputException NotThere(string full) => new(
        $"{path}: weight_map names {Quoted.Text(Path.GetFileName(full))}, which is not there.", "an incomplete download?");

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
                byFile.Add(full, inFile = []);
            }

            inFile.Add(name);
        }

        if (byFile.Count == 0) throw new InputException($"{path}: weight_map is empty, expected the name of a shard for each tensor.");
        return byFile;
    }
}

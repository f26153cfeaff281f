using Sharpformer.Tensors;
using Sharpformer.Tensors.PyTorch;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>The weights of a model folder, in any of the forms that people have them.</summary>
public static class ModelFolder
{
    internal const string SafeTensorsExtension = ".safetensors";

    // In order of preference; where there are both, the safer format was usually made from the other.
    private static readonly string[] Singles = ["model.safetensors", "pytorch_model.bin"];

    // Older checkpoints carry along their causal masks, and what rotary positions are made of.
    private static readonly string[] Buffers = [".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", ".attn.embed_positions"];

    /// <summary>
    /// The weight files, in ordinal order of their names: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
    /// names, or the same of <c>pytorch_model.bin</c>.
    /// </summary>
    /// <exception cref="InputException">There is neither a single file nor a usable index.</exception>
    public static IReadOnlyList<string> WeightFiles(string folder) => Locate(folder).Files;

    /// <summary>Opens a weight file: safetensors by its name, or else one that <c>torch.save</c> wrote.</summary>
    /// <exception cref="InputException">It cannot be read, or is not exactly what its format demands.</exception>
    public static ITensorFile OpenWeights(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(SafeTensorsExtension, StringComparison.Ordinal) ? SafeTensorsFile.Open(path) : PyTorchFile.Open(path);
    }

    /// <summary>Opens all weight files and checks them against their index.</summary>
    /// <exception cref="InputException">Something is missing, damaged, or there twice.</exception>
    public static IReadOnlyList<ITensorFile> OpenAllWeights(string folder)
    {
        (IReadOnlyList<string> paths, WeightIndex? index) = Locate(folder);
        var files = new List<ITensorFile>();
        try
        {
            var names = new HashSet<string>();
            foreach (string path in paths)
            {
                ITensorFile file = OpenWeights(path);
                files.Add(file);
                index?.Check(file);
                foreach (TensorInfo tensor in file.Tensors)
                    if (!names.Add(tensor.Name))
                        throw new InputException($"{path}: tensor {Quoted.Text(tensor.Name)} is there a second time.", "leftover shards of another download?");
            }

            return files;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Whether a tensor of this name was saved along with the weights but is no parameter: a causal mask, as a rule.</summary>
    public static bool IsBuffer(string name) => Buffers.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));

    private static (IReadOnlyList<string> Files, WeightIndex? Index) Locate(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        foreach (string name in Singles)
        {
            string single = Path.Combine(folder, name), index = single + ".index.json";
            if (File.Exists(single)) return ([single], null);
            if (!File.Exists(index)) continue;
            WeightIndex read = WeightIndex.Read(folder, index);
            return (read.Files, read);
        }

        throw new InputException($"{folder}: neither {string.Join(" nor ", Singles)} nor the .index.json of either is there.");
    }
}

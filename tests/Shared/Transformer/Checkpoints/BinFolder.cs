using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors.PyTorch;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Model folders as PyTorch would have saved them, made from golden ones.</summary>
internal static class BinFolder
{
    private static readonly Dictionary<string, string> Storages =
        new() { ["F32"] = "FloatStorage", ["F16"] = "HalfStorage", ["BF16"] = "BFloat16Storage" };

    /// <summary>
    /// Writes <c>pytorch_model.bin</c> and the config into a folder; a tied head shares the embedding's
    /// storage, and masks come along.
    /// </summary>
    public static void Write(
        string source, string folder, bool legacy = false, bool withHead = true, bool asF64 = false, bool checkSums = false)
    {
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"));
        (List<SavedTensor> tensors, List<(string Key, byte[] Data)> storages) = Read(source, asF64);
        SavedTensor table = tensors.Single(t => t.Name.EndsWith("wte.weight", StringComparison.Ordinal));
        if (withHead && tensors.All(t => t.Name != "lm_head.weight")) tensors.Add(table with { Name = "lm_head.weight" });
        if (tensors.Any(t => t.Name == "h.0.ln_1.weight"))
        {
            tensors.Add(new SavedTensor("h.0.attn.bias", "ByteStorage", "mask", 9, [1, 1, 3, 3]));
            storages.Add(("mask", [1, 0, 0, 1, 1, 0, 1, 1, 1]));
        }

        byte[] pickle = new PickleBytes().StateDict(tensors, legacy).Stop();
        byte[] file = legacy
            ? LegacyBytes.Create(pickle, [.. storages.Select(s => (s.Key, tensors.First(t => t.Key == s.Key).Count, s.Data))])
            : (checkSums ? ZipBytes.Checkpoint(pickle, storages).WithCheckSums() : ZipBytes.Checkpoint(pickle, storages)).ToArray();
        File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), file);
    }

    /// <summary>Writes the same as shards, each with some of the tensors, and their index.</summary>
    public static void WriteShards(string source, string folder, int count)
    {
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"));
        (List<SavedTensor> tensors, List<(string Key, byte[] Data)> storages) = Read(source, asF64: false);
        var map = new List<string>();
        for (int shard = 0; shard < count; shard++)
        {
            string name = $"pytorch_model-{shard + 1:00000}-of-{count:00000}.bin";
            SavedTensor[] some = [.. tensors.Where((_, i) => i % count == shard)];
            byte[] pickle = new PickleBytes().StateDict(some).Stop();
            ZipBytes file = ZipBytes.Checkpoint(pickle, storages.Where(s => some.Any(t => t.Key == s.Key)));
            File.WriteAllBytes(Path.Combine(folder, name), file.ToArray());
            map.AddRange(some.Select(t => $"\"{t.Name}\": \"{name}\""));
        }

        string index = $"{{\"metadata\": {{}}, \"weight_map\": {{{string.Join(", ", map)}}}}}";
        File.WriteAllText(Path.Combine(folder, "pytorch_model.bin.index.json"), index);
    }

    /// <summary>The tensors of a folder of safetensors, each with a storage of its own.</summary>
    public static (List<SavedTensor> Tensors, List<(string Key, byte[] Data)> Storages) Read(string source, bool asF64)
    {
        var tensors = new List<SavedTensor>();
        var storages = new List<(string, byte[])>();
        foreach (string path in ModelFolder.WeightFiles(source))
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(path);
            foreach (TensorInfo info in file.Tensors.Where(t => Storages.ContainsKey(t.DType)))
            {
                string key = $"{storages.Count}";
                byte[] data = new byte[info.Length];
                file.Read(info.Name, 0, data);
                if (asF64)
                {
                    float[] values = new float[info.Count];
                    file.ReadFloats(info.Name, 0, values);
                    data = [.. values.SelectMany(x => BitConverter.GetBytes((double)x))];
                }

                tensors.Add(new SavedTensor(info.Name, asF64 ? "DoubleStorage" : Storages[info.DType], key, info.Count, [.. info.Shape]));
                storages.Add((key, data));
            }
        }

        return (tensors, storages);
    }
}

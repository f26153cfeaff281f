using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Transformer.Adapters;

/// <summary>Adapters that differ from a golden one.</summary>
internal static class AdapterFolder
{
    /// <summary>A golden adapter, as PEFT lays it out.</summary>
    public static string Golden(string name) => TestFiles.Golden(Path.Combine("adapters", name));

    /// <summary>The model that golden adapters of GPT-2 are for.</summary>
    public static string Gpt2 => TestFiles.Golden(Path.Combine("families", "gpt2-tiny-f32"));

    /// <summary>Copies a golden adapter with another text in its settings.</summary>
    public static void Copy(string name, string folder, string from = "", string to = "")
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Golden(name)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        if (from.Length == 0) return;
        string config = Path.Combine(folder, "adapter_config.json"), text = File.ReadAllText(config);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>Writes a golden adapter with other tensors.</summary>
    /// <param name="name">The golden one.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="rename">What a tensor is called; null leaves it out.</param>
    /// <param name="change">May change its values.</param>
    /// <param name="more">Tensors beside them.</param>
    public static void Write(
        string name, string folder, Func<string, string?> rename, Action<string, float[]>? change = null,
        params (string Name, float[] Values)[] more)
    {
        Copy(name, folder);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(Golden(name), "adapter_model.safetensors"));
        var entries = new List<SafeTensorsEntry>();
        foreach (TensorInfo info in file.Tensors)
        {
            if (rename(info.Name) is not { } renamed) continue;
            float[] values = new float[info.Count];
            file.ReadFloats(info.Name, 0, values);
            change?.Invoke(info.Name, values);
            entries.Add(Entry(renamed, info.Shape, values));
        }

        entries.AddRange(more.Select(tensor => Entry(tensor.Name, [tensor.Values.Length], tensor.Values)));
        SafeTensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), entries);
    }

    /// <summary>Writes an adapter of pairs with random numbers and the settings r 2, α 2.</summary>
    public static void WriteRandom(string folder, params (string Module, int Inputs, int Outputs)[] pairs)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), """{"peft_type": "LORA", "r": 2, "lora_alpha": 2}""");
        var rng = new Rng(7);
        SafeTensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), [.. pairs.SelectMany(pair => new[]
        {
            Entry($"base_model.model.{pair.Module}.lora_A.weight", [2, pair.Inputs], Random(2 * pair.Inputs)),
            Entry($"base_model.model.{pair.Module}.lora_B.weight", [pair.Outputs, 2], Random(2 * pair.Outputs)),
        })]);

        float[] Random(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)rng.NextDouble() - 0.5f)];
    }

    private static SafeTensorsEntry Entry(string name, IReadOnlyList<long> shape, float[] values) => new(
        name, "F32", shape, MappedBytes.Copy(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())));
}

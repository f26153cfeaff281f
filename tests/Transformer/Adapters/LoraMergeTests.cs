using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors.PyTorch;
using Sharpformer.Tests.Transformer.Checkpoints;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Adapters;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Adapters;

/// <summary>What an adapter makes of a base model's tensors.</summary>
public sealed class LoraMergeTests : IDisposable
{
    private static readonly int[] Tokens = [5, 3, 8, 200, 17];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 2);

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2-patterns")]
    [InlineData("gpt2-tables")]
    [InlineData("gpt2-head")]
    [InlineData("gpt-j-regex")]
    public void A_converted_model_has_the_bits_of_the_model_with_its_adapter(string name)
    {
        string adapter = AdapterFolder.Golden(name), model = BaseOf(adapter);
        CheckpointConverter.Convert(model, folder.File("merged"), adapter: adapter);
        Assert.Equal(Logits(model, adapter), Logits(folder.File("merged"), null));
    }

    [Fact]
    public void The_bits_do_not_depend_on_threads()
    {
        using var one = new CpuDevice(threads: 1);
        string adapter = AdapterFolder.Golden("gpt-neo-all-linear"), model = BaseOf(adapter);
        CausalLm a = CausalLm.Load(model, one, adapter: adapter), b = CausalLm.Load(model, device, adapter: adapter);
        foreach ((float[] first, float[] second) in a.Weights.Zip(b.Weights, (x, y) => (x.Value.ToArray(), y.Value.ToArray())))
            Assert.Equal(first, second);
    }

    [Fact]
    public void Only_what_it_touches_is_copied_as_float32()
    {
        string adapter = AdapterFolder.Golden("gpt-j-regex");
        using var stored = StoredWeights.Open(BaseOf(adapter), adapter);
        TensorInfo[] wide = [.. stored.Tensors.Select(t => t.Info).Where(info => info.DType == "F32")];
        Assert.Equal(9, wide.Length);
        Assert.Equal(
            stored.Adapter!.Changed,
            wide.Select(info => info.Name.Replace("transformer.", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(wide.Sum(info => info.Count * sizeof(float)), stored.MergedBytes);
    }

    [Theory]
    [InlineData("gpt2-tables")]
    [InlineData("gpt2-head")]
    public void A_tied_model_whose_table_or_head_changes_alone_is_tied_no_longer(string name)
    {
        string adapter = AdapterFolder.Golden(name);
        Assert.False(CausalLm.Load(AdapterFolder.Gpt2, device, adapter: adapter).Config.TiesHead);
        CheckpointConverter.Convert(AdapterFolder.Gpt2, folder.File("merged"), adapter: adapter);
        Assert.False(ModelConfig.Load(folder.File("merged")).TiesHead);
    }

    [Fact]
    public void An_embedding_layer_that_was_saved_along_stays_tied()
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(AdapterFolder.Gpt2, "model.safetensors"));
        ChangedModel.Write(AdapterFolder.Gpt2, Directory.CreateDirectory(folder.File("model")).FullName, device, (name, values) =>
        {
            if (name == "wte.weight") values[0] += 1;
        });
        AdapterFolder.Copy("gpt2-head", folder.File("adapter"), "\"lm_head\"", "");
        foreach (string stored in (string[])["transformer.wte.weight", "transformer.wte.base_layer.weight", "lm_head.weight"])
        {
            using SafeTensorsFile changed = SafeTensorsFile.Open(folder.File("model/model.safetensors"));
            string golden = Path.Combine(AdapterFolder.Golden("gpt2-head"), "adapter_model.safetensors");
            using SafeTensorsFile pairs = SafeTensorsFile.Open(golden);
            IEnumerable<string> names = pairs.Names.Where(name => name.Contains("lora_", StringComparison.Ordinal));
            SafeTensorsWriter.Write(folder.File("adapter/adapter_model.safetensors"), [
                .. names.Select(name => new SafeTensorsEntry(name, pairs.Load(name, device))),
                new SafeTensorsEntry("base_model.model." + stored, changed.Load("wte.weight", device))]);
            CausalLm model = CausalLm.Load(AdapterFolder.Gpt2, device, adapter: folder.File("adapter"));
            Assert.True(model.Config.TiesHead);
            Assert.Equal(file.Load("wte.weight", device).ToArray()[0] + 1, model.TokenTable.Value.ToArray()[0]);
        }
    }

    [Fact]
    public void A_base_model_that_is_stored_the_other_way_round_takes_the_same_adapter()
    {
        string nano = Directory.CreateDirectory(folder.File("nano")).FullName;
        string plain = folder.File("plain"), adapter = folder.File("adapter");
        File.Copy(TestFiles.Data("checkpoints/nanogpt/weights.safetensors"), Path.Combine(nano, "model.safetensors"));
        File.WriteAllText(Path.Combine(nano, "config.json"), """
            {"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 24, "vocab_size": 288,
             "activation_function": "gelu"}
            """);
        CheckpointConverter.Convert(nano, plain);
        AdapterFolder.WriteRandom(
            adapter, ("transformer.h.0.attn.c_attn", 16, 48), ("transformer.h.1.attn.c_proj", 16, 16),
            ("transformer.h.1.mlp.c_proj", 64, 16));
        float[] expected = Logits(plain, adapter);
        Assert.NotEqual(Logits(plain, null), expected);
        float largest = expected.Max(MathF.Abs);
        float[] actual = Logits(nano, adapter);
        Assert.InRange(expected.Select((logit, i) => Math.Abs(actual[i] - logit)).Max(), 0, 1e-5f * largest);
        CheckpointConverter.Convert(nano, folder.File("merged"), adapter: adapter);
        Assert.Equal(expected, Logits(folder.File("merged"), null));
    }

    [Fact]
    public void An_adapter_of_PyTorch_is_the_same()
    {
        string golden = AdapterFolder.Golden("gpt2-patterns");
        Directory.CreateDirectory(folder.File("st"));
        File.Copy(Path.Combine(golden, "adapter_model.safetensors"), folder.File("st/model.safetensors"));
        (List<SavedTensor> tensors, List<(string Key, byte[] Data)> storages) = BinFolder.Read(folder.File("st"), asF64: false);
        File.Copy(Path.Combine(golden, "adapter_config.json"), folder.File("adapter_config.json"));
        File.WriteAllBytes(
            folder.File("adapter_model.bin"), ZipBytes.Checkpoint(new PickleBytes().StateDict(tensors).Stop(), storages).ToArray());
        Assert.Equal(Logits(AdapterFolder.Gpt2, golden), Logits(AdapterFolder.Gpt2, folder.Path));
    }

    [Theory]
    [InlineData("families/gpt2-tiny-f16-prefixed", "map 48 numbers to 144, h.0.attn.c_attn.weight is [40,120]. Hint: it was trained on")]
    [InlineData("families/gpt-neo-tiny", "adapter_config.json means \"h.0.attn.attention")]
    public void An_adapter_of_another_model_is_told(string model, string said)
    {
        string adapter = AdapterFolder.Golden("gpt2-patterns");
        if (model.Contains("neo", StringComparison.Ordinal))
            AdapterFolder.Copy("gpt2-patterns", adapter = folder.File("a"), "\"c_attn\"", "\"q_proj\"");
        Fails.With<InputException>(said, () => CausalLm.Load(TestFiles.Golden(model), device, adapter: adapter));
    }

    [Theory]
    [InlineData("\"c_attn\",\n  \"c_proj\"", "\"c_attn\"", "does not mean \"base_model.model.transformer.h.0.attn.c_proj.lora_A.weight\"")]
    [InlineData("\"c_attn\",", "\"c_attn\", \"c_fc\",", "means \"h.0.mlp.c_fc.weight\", \"h.1.mlp.c_fc.weight\", \"h.2.mlp")]
    [InlineData("\"ln_f\"", "\"ln_f\", \"ln_x\"", "modules_to_save names \"ln_x\", of which nothing is stored")]
    [InlineData("\"ln_f\"", "\"ln_f\", \"wpe\"", "means \"wpe.weight\" too, for which adapter_model.safetensors has nothing")]
    [InlineData("\"layers_to_transform\": null", "\"layers_to_transform\": [0, 1]", "does not mean \"base_model.model.transformer.h.2")]
    [InlineData("\"revision\": null", "\"exclude_modules\": [\"h.1.attn.c_attn\"]", "does not mean \"base_model.model.transformer.h.1.")]
    public void Settings_that_mean_other_modules_than_are_stored_are_told(string from, string to, string said)
    {
        AdapterFolder.Copy("gpt2-patterns", folder.File("a"), from, to);
        Fails.With<InputException>(said, () => CausalLm.Load(AdapterFolder.Gpt2, device, adapter: folder.File("a")));
    }

    [Theory]
    [InlineData("transformer.h.0.attn.c_what.weight", "it has no place for \"base_model.model.transformer.h.0.attn.c_what.weight\"")]
    [InlineData("transformer.h.0.attn.c_attn.lora_magnitude_vector", "it has no place for")]
    [InlineData("transformer.h.0.attn.c_attn.lora_B.bias", "it has no place for")]
    [InlineData("transformer.h.1.ln_1.weight", "shall replace h.1.ln_1.weight, which is [48]")]
    [InlineData("transformer.wte.weight", "Hint: was the vocabulary resized")]
    public void A_tensor_without_a_place_is_told(string name, string said)
    {
        AdapterFolder.Write("gpt2-patterns", folder.File("a"), all => all, more: ("base_model.model." + name, [1, 2, 3]));
        Fails.With<InputException>(said, () => CausalLm.Load(AdapterFolder.Gpt2, device, adapter: folder.File("a")));
        Fails.With<InputException>(
            said, () => CheckpointConverter.Convert(AdapterFolder.Gpt2, folder.File("x"), adapter: folder.File("a")));
    }

    [Fact]
    public void A_pair_of_the_wrong_kind_is_told()
    {
        AdapterFolder.Write(
            "gpt2-tables", folder.File("a"), name => name.Replace("lora_embedding_", "lora_", StringComparison.Ordinal));
        Fails.With<InputException>(
            "is of a linear map, which wpe.weight is not", () => CausalLm.Load(AdapterFolder.Gpt2, device, adapter: folder.File("a")));
    }

    [Fact]
    public void Masks_and_originals_that_were_saved_along_do_not_count()
    {
        AdapterFolder.Write(
            "gpt2-patterns", folder.File("a"), all => all, change: null,
            ("base_model.model.transformer.h.0.attn.bias", [1]), ("base_model.model.transformer.ln_f.original_module.bias", [1]));
        Assert.Equal(Logits(AdapterFolder.Gpt2, AdapterFolder.Golden("gpt2-patterns")), Logits(AdapterFolder.Gpt2, folder.File("a")));
        using var adapter = LoraAdapter.Open(folder.File("a"));
        Assert.Equal(["h.0.attn.c_attn.bias", "h.2.mlp.c_proj.bias", "ln_f.bias", "ln_f.weight"], adapter.Replaced);
    }

    private float[] Logits(string model, string? adapter)
    {
        CausalLm loaded = CausalLm.Load(model, device, adapter: adapter);
        return loaded.Logits(loaded.Hidden(new TokenBatch(Tokens), loaded.NewCache(1, Tokens.Length))).Value.ToArray();
    }

    private static string BaseOf(string adapter)
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(adapter, "expected.json")));
        return TestFiles.Golden(Path.Combine("families", expected.RootElement.GetProperty("model").GetString()!));
    }
}

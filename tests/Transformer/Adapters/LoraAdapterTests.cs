using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Adapters;

namespace Sharpformer.Tests.Transformer.Adapters;

/// <summary>What is read of an adapter's folder, and what is refused.</summary>
public sealed class LoraAdapterTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Ranks_scales_and_names_are_those_of_the_settings()
    {
        using var adapter = LoraAdapter.Open(AdapterFolder.Golden("gpt2-patterns"));
        Assert.Equal([2, 3], adapter.Ranks);
        Assert.Equal("gpt2-tiny-f32", adapter.BaseModel);
        Assert.Equal(9, adapter.Changed.Count);
        // α is 6, and 10 in block 1, whose first pattern wins over the second.
        Assert.Equal(2f, adapter.Pairs.Single(pair => pair.Weight == "h.0.attn.c_attn.weight").Scale);
        Assert.Equal(3f, adapter.Pairs.Single(pair => pair.Weight == "h.0.attn.c_proj.weight").Scale);
        Assert.Equal(10f / 3, adapter.Pairs.Single(pair => pair.Weight == "h.1.attn.c_attn.weight").Scale);
        using var stabilized = LoraAdapter.Open(AdapterFolder.Golden("gpt-neo-all-linear"));
        Assert.All(stabilized.Pairs, pair => Assert.Equal((float)(4 / Math.Sqrt(2)), pair.Scale));
    }

    [Theory]
    [InlineData("attn.c_proj", "h.0.attn.c_proj", true)]
    [InlineData("proj", "h.0.attn.c_proj", false)]
    [InlineData("c_.*", "h.0.attn.c_proj", true)]
    [InlineData("c_", "h.0.attn.c_proj", false)]
    [InlineData("a|c_proj", "h.0.attn.c_proj", true)]
    [InlineData("a|h", "h.0.attn.c_proj", false)]
    [InlineData(@"(?P<block>h)\.0\..*", "h.0.attn.c_proj", true)]
    public void A_pattern_matches_from_the_start_of_a_word_to_the_end(string pattern, string module, bool matches) =>
        Assert.Equal(matches, ModulePattern.FromWord("x", pattern).Matches(module));

    [Theory]
    [InlineData("\"LORA\"", "\"IA3\"", "the adapter is \"IA3\", expected LORA")]
    [InlineData("\"peft_type\"", "\"type\"", "peft_type is missing, expected LORA")]
    [InlineData("\"use_dora\": false", "\"use_dora\": true", "use_dora is set: magnitudes beside the matrices (DoRA), which is")]
    [InlineData("\"use_dora\": false", "\"lora_bias\": true", "lora_bias is set")]
    [InlineData("\"use_dora\": false", "\"layer_replication\": [[0, 2], [1, 3]]", "layer_replication is set")]
    [InlineData("\"use_dora\": false", "\"trainable_token_indices\": [1]", "trainable_token_indices is set")]
    [InlineData("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa_niter_4\"", "is \"pissa_niter_4\": such training")]
    [InlineData("\"bias\": \"lora_only\"", "\"bias\": \"some\"", "bias is \"some\", expected \"none\", \"all\" or \"lora_only\"")]
    [InlineData("\"r\": 3", "\"r\": 4", "expected [4,in] and [out,4], as adapter_config.json says that their rank is 4")]
    [InlineData("\"r\": 3", "\"r\": 0", "r is 0, expected a whole number from 1 to 65536")]
    [InlineData("\"lora_alpha\": 6", "\"lora_alpha\": \"6\"", "lora_alpha is \"6\", expected a number")]
    [InlineData("\"lora_alpha\": 6", "\"alpha\": 6", "has no \"lora_alpha\"")]
    [InlineData("\"attn.c_proj\": 2", "\"attn.(c_proj\": 2", "rank_pattern: \"attn.(c_proj\" is no regular expression")]
    [InlineData("\"attn.c_proj\": 2", "\"attn.c_proj\": 2.5", "is 2.5, expected a whole number from 1 to 65536")]
    [InlineData("\"layers_to_transform\": null", "\"layers_to_transform\": [\"a\"]", "layers_to_transform[0] is \"a\", expected a block")]
    [InlineData("{", "", "not valid JSON")]
    public void Settings_that_cannot_be_applied_are_told(string from, string to, string said)
    {
        AdapterFolder.Copy("gpt2-patterns", folder.Path, from, to);
        Fails.With<InputException>(said, () => LoraAdapter.Open(folder.Path));
    }

    [Theory]
    [InlineData("\"init_lora_weights\": true", "\"init_lora_weights\": \"gaussian\"")]
    [InlineData("\"use_dora\": false", "\"loftq_config\": {}, \"layer_replication\": null, \"trainable_token_indices\": null")]
    [InlineData("\"use_dora\": false", "\"future_option\": 7")]
    public void Settings_that_change_nothing_do_not_count(string from, string to)
    {
        AdapterFolder.Copy("gpt2-patterns", folder.Path, from, to);
        using LoraAdapter adapter = LoraAdapter.Open(folder.Path), golden = LoraAdapter.Open(AdapterFolder.Golden("gpt2-patterns"));
        Assert.Equal(golden.Meaning, adapter.Meaning);
    }

    [Theory]
    [InlineData("\"lora_alpha\": 6", "\"lora_alpha\": 7")]
    [InlineData("\"use_rslora\": false", "\"use_rslora\": true")]
    [InlineData("\"ln_f\"", "")]
    public void Settings_that_change_the_model_are_of_another_meaning(string from, string to)
    {
        AdapterFolder.Copy("gpt2-patterns", folder.Path, from, to);
        using LoraAdapter adapter = LoraAdapter.Open(folder.Path), golden = LoraAdapter.Open(AdapterFolder.Golden("gpt2-patterns"));
        Assert.NotEqual(golden.Meaning, adapter.Meaning);
    }

    [Fact]
    public void Tensors_that_do_not_fit_together_are_told()
    {
        const string Attention = "base_model.model.transformer.h.1.attn.c_attn.lora_";
        Write(name => name == Attention + "B.weight" ? null : name);
        Fails.With<InputException>($"\"{Attention}A.weight\" has no B beside it, expected both halves", Open);
        Write(name => name == Attention + "A.weight" ? null : name);
        Fails.With<InputException>($"\"{Attention}B.weight\" has no A beside it", Open);
        Write(name => name == Attention.Replace("h.1", "h.2", StringComparison.Ordinal) + "A.weight" ? Attention + "A.other.weight" : name);
        Fails.With<InputException>("are both there for the same part of the model. Hint: two adapters in one file?", Open);
        Write(_ => null);
        Fails.With<InputException>("holds no tensors", Open);

        void Write(Func<string, string?> rename) => AdapterFolder.Write("gpt2-patterns", folder.Path, rename);
        object? Open() => LoraAdapter.Open(folder.Path);
    }

    [Fact]
    public void A_number_that_is_none_is_told()
    {
        AdapterFolder.Write("gpt2-patterns", folder.Path, name => name, (name, values) =>
        {
            if (name.EndsWith("h.1.mlp.c_proj.lora_B.weight", StringComparison.Ordinal)) values[4] = float.NaN;
        });
        using var device = new CpuDevice(threads: 1);
        Fails.With<InputException>(
            "element 4 is NaN, expected a finite number", () => CausalLm.Load(AdapterFolder.Gpt2, device, adapter: folder.Path));
    }

    [Fact]
    public void What_is_no_adapter_is_told()
    {
        Fails.With<InputException>("no such folder", () => LoraAdapter.Open(folder.File("none")));
        Fails.With<InputException>("no adapter_config.json, expected the folder of a LoRA adapter", () => LoraAdapter.Open(folder.Path));
        Fails.With<InputException>("Hint: this is a model: name it with --model.", () => LoraAdapter.Open(AdapterFolder.Gpt2));
        AdapterFolder.Copy("gpt2-patterns", folder.Path);
        File.WriteAllBytes(folder.File("adapter_model.safetensors"), File.ReadAllBytes(folder.File("adapter_model.safetensors"))[..^4]);
        Fails.With<InputException>("adapter_model.safetensors", () => LoraAdapter.Open(folder.Path));
        File.WriteAllText(folder.File("adapter_model.safetensors"), "version https://git-lfs.github.com/spec/v1\n");
        Fails.With<InputException>("is a Git LFS pointer", () => LoraAdapter.Open(folder.Path));
        File.Delete(folder.File("adapter_model.safetensors"));
        Fails.With<InputException>("neither adapter_model.safetensors nor adapter_model.bin is there", () => LoraAdapter.Open(folder.Path));
    }
}

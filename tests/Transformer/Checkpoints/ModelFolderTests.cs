using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Model folders that are not quite right get one sentence that names the place.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public ModelFolderTests()
    {
        foreach (string file in Directory.GetFiles(Tiny)) File.Copy(file, folder.File(Path.GetFileName(file)));
    }

    private static string Tiny => TestFiles.Golden(Path.Combine("families", "gpt2-tiny-f32"));

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_good_folder_loads() => Assert.Equal(3, CausalLm.Load(folder.Path, device).Blocks.Count);

    [Theory]
    [InlineData("\"n_layer\": 3", "\"n_layer\": 4", "missing h.3.ln_1.weight", "and 8 more")]
    [InlineData("\"n_layer\": 3", "\"n_layer\": 2", "unknown h.2.attn.c_attn.bias", "and 8 more")]
    [InlineData("\"n_embd\": 48", "\"n_embd\": 52", "misshaped wte.weight [301,48], expected [301,52]", "Hint")]
    [InlineData("\"n_layer\": 3", "\"n_layer\": 0", "n_layer is 0", "expected a whole number")]
    [InlineData("\"n_layer\": 3", "\"n_layer\": 3.5", "n_layer is 3.5", "expected a whole number")]
    [InlineData("\"n_layer\": 3,", "", "n_layer is missing", "expected a whole number")]
    [InlineData("\"n_head\": 4", "\"n_head\": 5", "5 attention heads do not divide a width of 48", "")]
    [InlineData("\"gpt2\"", "\"llama\"", "model_type is \"llama\"", "supported: gpt2")]
    [InlineData("\"gelu_new\"", "\"relu6\"", "activation_function is \"relu6\"", "supported: gelu_new")]
    [InlineData("1e-05", "\"small\"", "layer_norm_epsilon is \"small\"", "expected a number")]
    [InlineData("{", "[", "not valid JSON", "config.json")]
    [InlineData("\"n_layer\": 3", "\"n_layer\": 3, \"n_layer\": 4", "not valid JSON", "appears twice")]
    [InlineData("\"gpt2\"", "\"\\ud800\"", "not valid JSON", "half a surrogate pair")]
    public void A_config_that_does_not_fit_is_told(string from, string to, string expected, string also)
    {
        string path = folder.File("config.json"), text = File.ReadAllText(path);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
        string message = Assert.Throws<InputException>(() => CausalLm.Load(folder.Path, device)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(also, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GPT2LMHeadModel")]
    [InlineData("GPT2Model")]
    [InlineData("GPT2DoubleHeadsModel")]
    public void A_config_of_2019_names_no_model_type_but_the_class(string architecture)
    {
        string path = folder.File("config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config.Remove("model_type");
        config["architectures"] = new JsonArray(architecture);
        File.WriteAllText(path, config.ToJsonString());
        Assert.Equal("gpt2", CausalLm.Load(folder.Path, device).Config.ModelType);
        config["architectures"] = new JsonArray();
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains("model_type is \"(none)\", supported: gpt2", Error(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_files_and_folders_are_told()
    {
        Assert.Contains("no such folder", Error(folder.File("nowhere")), StringComparison.Ordinal);
        File.Delete(folder.File("model.safetensors"));
        Assert.Contains("neither model.safetensors nor", Error(folder.Path), StringComparison.Ordinal);
        File.Delete(folder.File("config.json"));
        Assert.Contains("config.json: no such file", Error(folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "model-00001-of-00002.safetensors",
        "\"model-00001-of-00002.safetensors\" is one of several shards, which only their index tells apart")]
    [InlineData("pytorch_model-00002-of-00003.bin", "download the .index.json too")]
    [InlineData("tf_model.h5", "\"tf_model.h5\" is a TensorFlow (Keras) model, a format that is not read: most models")]
    [InlineData("model-1000.index", "\"model-1000.index\" is of a TensorFlow checkpoint")]
    [InlineData("model-1000.data-00000-of-00001", "\"model-1000.data-00000-of-00001\" is of a TensorFlow checkpoint")]
    [InlineData("model.ckpt.meta", "is of a TensorFlow checkpoint")]
    [InlineData("checkpoint", "is of a TensorFlow checkpoint")]
    [InlineData("hparams.json", "belongs to a model as OpenAI published it in 2019")]
    [InlineData("flax_model.msgpack", "is a Flax (JAX) model")]
    [InlineData("model-q4_k_m.gguf", "is a model for llama.cpp")]
    [InlineData("model.onnx", "is an ONNX model")]
    [InlineData("spiece.model", "is a SentencePiece tokenizer")]
    [InlineData("vocab.txt", "is a WordPiece vocabulary")]
    [InlineData("notes.txt", "download the weights too")]
    public void Other_files_than_weights_are_told_what_they_are(string name, string expected)
    {
        File.Move(folder.File("model.safetensors"), folder.File(name));
        Assert.Contains(expected, Error(folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("pytorch_model.bin")]
    public void A_pointer_of_git_lfs_is_told_as_one(string name)
    {
        File.Delete(folder.File("model.safetensors"));
        File.WriteAllText(folder.File(name), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 548105171\n");
        Assert.Contains(
            $"{name}: is a Git LFS pointer, expected the weights that it stands for. Hint: run 'git lfs pull'",
            Error(folder.Path),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_pointer_of_git_lfs_in_place_of_a_small_file_is_told_too()
    {
        File.WriteAllText(folder.File("config.json"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 548\n");
        Assert.Contains(
            "config.json: is a Git LFS pointer, expected the file that it stands for. Hint: run 'git lfs pull'", Error(folder.Path),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_for_other_tasks_are_left_aside_and_told()
    {
        ChangedModel.Write(Tiny, folder.Path, device, more: ["v_head.summary.bias", "score.weight"]);
        var notices = new List<string>();
        CausalLm model = CausalLm.Load(folder.Path, device, notices.Add);
        Assert.Equal(3, model.Blocks.Count);
        Assert.EndsWith(
            ": \"score.weight\", \"v_head.summary.bias\" belong to a head for another task and are not used.",
            Assert.Single(notices),
            StringComparison.Ordinal);

        ChangedModel.Write(Tiny, folder.Path, device, more: "h.0.score.weight"); // not on top of the model but within
        Assert.Contains("unknown h.0.score.weight", Error(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_is_told_as_one_with_and_without_a_config()
    {
        File.Move(folder.File("model.safetensors"), folder.File("adapter_model.safetensors"));
        File.WriteAllText(folder.File("adapter_config.json"), """{"peft_type": "LORA"}""");
        const string Said = "Hint: this is an adapter: name it with --adapter, and the base model with --model.";
        Assert.Contains(Said, Error(folder.Path), StringComparison.Ordinal);
        File.Delete(folder.File("config.json"));
        Assert.Contains("config.json: no such file. " + Said, Error(folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("h.0.attn.c_attn.qweight", "is quantized by GPTQ or AWQ: take the checkpoint that it was made from.")]
    [InlineData("h.0.attn.c_attn.weight.absmax", "is quantized by bitsandbytes")]
    [InlineData("h.0.attn.c_attn.SCB", "is quantized by bitsandbytes")]
    [InlineData("h.0.attn.c_attn.lora_A.default.weight", "is of an adapter that is not merged: merge it into the model first.")]
    public void Tensors_of_other_tools_tell_which(string name, string said)
    {
        ChangedModel.Write(Tiny, folder.Path, device, more: name);
        Assert.Contains($"unknown {name}. Hint: \"{name}\" {said}", Error(folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 4}", " by \"gptq\"")]
    [InlineData("{\"load_in_8bit\": true}", "")]
    public void A_quantized_model_is_told_by_its_config(string quantization, string by)
    {
        string path = folder.File("config.json"), text = File.ReadAllText(path);
        File.WriteAllText(
            path, text.Replace("\"gpt2\",", $"\"gpt2\", \"quantization_config\": {quantization},", StringComparison.Ordinal));
        Assert.Contains(
            $"quantization_config: the model is quantized{by}, expected weights in", Error(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_without_loading_finds_whole_numbers_where_weights_should_be()
    {
        ModelFolder.Check(folder.Path);
        using (SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(Tiny, "model.safetensors")))
        {
            SafeTensorsWriter.Write(folder.File("model.safetensors"), [.. file.Names.Select(name => name == "h.1.mlp.c_fc.weight"
                ? new SafeTensorsEntry(name, "I8", [48, 192], MappedBytes.Copy(new byte[48 * 192]))
                : new SafeTensorsEntry(name, file.Load(name, device)))]);
        }

        Fails.With<InputException>(
            "\"h.1.mlp.c_fc.weight\" I8 [48,192]: expected F32, F16, BF16 or F64", () => ModelFolder.Check(folder.Path));
    }

    [Fact]
    public void A_truncated_checkpoint_is_told()
    {
        string path = folder.File("model.safetensors");
        using (FileStream file = File.OpenWrite(path)) file.SetLength(file.Length - 1000);
        Assert.Contains("model.safetensors", Error(folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"weight_map": {"wte.weight": "model-00001.safetensors"}}""", "which is not there")]
    [InlineData("""{"weight_map": {"wte.weight": "../model.safetensors"}}""", "expected a file in the same folder")]
    [InlineData("""{"weight_map": {"wte.weight": 3}}""", "weight_map.\"wte.weight\" is 3, expected a text")]
    [InlineData("""[]""", "is a list, expected an object")]
    [InlineData("""{"weight_map": []}""", "weight_map is a list, expected an object")]
    [InlineData("""{"metadata": {}}""", "has no \"weight_map\"")]
    [InlineData("""{""", "not valid JSON")]
    [InlineData("""{"weight_map": {"wte.weight": "\ud800"}}""", "half a surrogate pair")]
    public void A_bad_index_is_told(string index, string expected)
    {
        File.Move(folder.File("model.safetensors"), folder.File("other.safetensors"));
        File.WriteAllText(folder.File("model.safetensors.index.json"), index);
        Assert.Contains(expected, Error(folder.Path), StringComparison.Ordinal);
    }

    private string Error(string path) => Assert.Throws<InputException>(() => CausalLm.Load(path, device)).Message;
}

using System.Text.Json;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors.PyTorch;
using Sharpformer.Tests.Transformer.Adapters;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Names, wrappers, file names and layouts as training programs leave them.</summary>
public sealed class LeftByTrainingTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    private static string Tiny => TestFiles.Golden("families/gpt2-tiny-f32");

    [Theory]
    [InlineData("module.{0}")]
    [InlineData("_orig_mod.module.transformer.{0}")]
    [InlineData("model.{0}")]
    [InlineData("model.transformer.{0}")]
    [InlineData("module._orig_mod.model.transformer.{0}")]
    [InlineData("_forward_module.net.gpt.transformer.{0}")]
    [InlineData("pretrained_model.transformer.{0}")]
    [InlineData("transformer._fsdp_wrapped_module.{0}")]
    [InlineData("transformer.{0}", ".attn.", "._orig_mod.attn.")]
    [InlineData("{0}", ".mlp.", "._checkpoint_wrapped_module.mlp.")]
    [InlineData("transformer.{0}", ".ln_1.weight", ".ln_1.gamma")]
    [InlineData("{0}", ".bias", ".b")]
    public void What_stands_before_and_between_names_is_left_aside_and_converting_gives_plain_ones(
        string form, string from = "-", string to = "-")
    {
        Rename(name => string.Format(null, form, name.Replace(from, to, StringComparison.Ordinal)));
        float[] expected = BinFolderTests.Logits(Tiny, device);
        Assert.Equal(expected, BinFolderTests.Logits(folder.Path, device));
        ModelFolder.Check(folder.Path);
        CheckpointConverter.Convert(folder.Path, folder.File("plain"));
        Assert.Equal(expected, BinFolderTests.Logits(folder.File("plain"), device));
        using SafeTensorsFile written = SafeTensorsFile.Open(folder.File("plain/model.safetensors"));
        using SafeTensorsFile source = SafeTensorsFile.Open(Path.Combine(Tiny, "model.safetensors"));
        Assert.Subset(
            source.Names.SelectMany(name => (string[])[name, "transformer." + name]).ToHashSet(), written.Names.ToHashSet());
    }

    [Theory]
    [InlineData("transformer.lm_head.weight", "transformer.")]
    [InlineData("lm_head.decoder.weight", "transformer.")]
    [InlineData("module.lm_head.weight", "module.transformer.")]
    public void A_head_under_an_older_name_is_the_head(string head, string prefix)
    {
        string source = TestFiles.Data("checkpoints/head-differs");
        float[] expected = BinFolderTests.Logits(source, device);
        string[] names = Rename(
            name => name == "lm_head.weight" ? head : prefix + name["transformer.".Length..], source);
        Assert.Contains(head, names);
        Assert.Equal(expected, BinFolderTests.Logits(folder.Path, device));
    }

    [Fact]
    public void Two_models_in_one_file_are_told()
    {
        Rename(name => "policy." + name, more: file => [("reference.wte.weight", "wte.weight")]);
        Fails.With<InputException>(
            "the weights are of 2 models: wte.weight stands behind \"policy\" and \"reference\"", () => CausalLm.Load(folder.Path, device));
        Rename(name => name, more: file => [("model.wte.weight", "wte.weight")]);
        Fails.With<InputException>("is there a second time, as", () => CausalLm.Load(folder.Path, device));
    }

    [Theory]
    [InlineData("model.fp16.safetensors")]
    [InlineData("weights.safetensors")]
    [InlineData("model-00001-of-00001.safetensors")]
    [InlineData("pytorch_model.fp16.bin")]
    [InlineData("ckpt.pt")]
    [InlineData("model.pth")]
    [InlineData("last.ckpt")]
    public void The_only_file_of_weights_is_taken_whatever_it_is_called(string name)
    {
        if (name.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            Rename(given => given);
            File.Move(folder.File("model.safetensors"), folder.File(name));
        }
        else
        {
            BinFolder.Write(Tiny, folder.File("bin"));
            File.Move(folder.File("bin/pytorch_model.bin"), folder.File(name));
            File.Move(folder.File("bin/config.json"), folder.File("config.json"));
        }

        foreach (string other in (string[])["training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "adapter_model.bin"])
            File.WriteAllText(folder.File(other), "not wanted");
        Assert.Equal(BinFolderTests.Logits(Tiny, device), BinFolderTests.Logits(folder.Path, device));
        string second = "ema" + Path.GetExtension(name);
        File.Copy(folder.File(name), folder.File(second));
        string[] both = [.. ((string[])[name, second]).Order(StringComparer.Ordinal)];
        Fails.With<InputException>(
            $"several files of weights, \"{both[0]}\", \"{both[1]}\", expected one, or one called",
            () => CausalLm.Load(folder.Path, device));
    }

    [Fact]
    public void An_index_with_a_variant_in_its_name_is_read()
    {
        string source = TestFiles.Data("checkpoints/index-lists-tied-head");
        foreach (string file in Directory.GetFiles(source)) File.Copy(file, folder.File(Path.GetFileName(file)));
        File.Move(folder.File("model.safetensors.index.json"), folder.File("model.safetensors.index.fp16.json"));
        Assert.Equal(BinFolderTests.Logits(source, device), BinFolderTests.Logits(folder.Path, device));
    }

    [Theory]
    [InlineData("model")]
    [InlineData("state_dict")]
    [InlineData("module")]
    [InlineData("model_state_dict")]
    [InlineData("state_dict", "model")]
    public void A_state_dict_is_found_in_what_a_training_program_wraps_it_in(params string[] wrappers)
    {
        PickleBytes pickle = new();
        foreach (string wrapper in wrappers) pickle.Ops("}(").Text("step").Int(7).Text(wrapper);
        var loss = new SavedTensor("best_val_loss", "FloatStorage", "loss", 1, []);
        (List<SavedTensor> tensors, List<(string Key, byte[] Data)> storages) = BinFolder.Read(Tiny, asF64: false);
        pickle.StateDict([.. tensors.Select(t => t with { Name = "module." + t.Name })]);
        foreach (string _ in wrappers) pickle.Text(loss.Name).Tensor(loss).Ops("u");
        File.WriteAllBytes(folder.File("ckpt.pt"), ZipBytes.Checkpoint(pickle.Stop(), [.. storages, ("loss", new byte[4])]).ToArray());
        File.Copy(Path.Combine(Tiny, "config.json"), folder.File("config.json"));
        Assert.Equal(BinFolderTests.Logits(Tiny, device), BinFolderTests.Logits(folder.Path, device));
    }

    [Theory]
    [InlineData("nanogpt")]
    [InlineData("nanogpt-without-biases")]
    public void A_checkpoint_of_nanoGPT_is_read_without_config_and_converted_to_a_GPT2(string name)
    {
        string data = TestFiles.Data($"checkpoints/{name}");
        NanoGptFolder.Write(folder.Path, data, vocabulary: 288);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "expected.json")));
        AssertLogits(folder.Path);
        ModelFolder.Check(folder.Path);
        foreach (DType? dtype in (DType?[])[null, DType.F32])
        {
            string plain = folder.File($"plain{dtype}");
            CheckpointConverter.Report report = CheckpointConverter.Convert(folder.Path, plain, dtype);
            Assert.Equal(["lm_head.weight"], report.Dropped);
            AssertLogits(plain);
            using SafeTensorsFile written = SafeTensorsFile.Open(Path.Combine(plain, "model.safetensors"));
            Assert.Equal([16L, 48], written.Info("transformer.h.1.attn.c_attn.weight").Shape); // as Hugging Face's GPT-2 has it
            Assert.Equal([64L, 16], written.Info("transformer.h.1.mlp.c_proj.weight").Shape);
            Assert.Equal([48L], written.Info("transformer.h.1.attn.c_attn.bias").Shape);
            Assert.Equal(Activation.Gelu, ModelConfig.Load(plain).Activation);
        }

        void AssertLogits(string path)
        {
            CausalLm model = CausalLm.Load(path, device);
            int[] tokens = [.. expected.RootElement.GetProperty("tokens").EnumerateArray().Select(e => e.GetInt32())];
            Tensor logits = model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length))).Value;
            Assert.Equal(expected.RootElement.GetProperty("argmax").EnumerateArray().Select(e => e.GetInt32()), device.ArgMax(logits));
            double[] last = [.. expected.RootElement.GetProperty("last_logits").EnumerateArray().Select(e => e.GetDouble())];
            float[] actual = logits.Slice(tokens.Length - 1, 1).ToArray();
            Assert.InRange(last.Select((logit, i) => Math.Abs(actual[i] - logit)).Max() / last.Max(Math.Abs), 0, 1e-4);
        }
    }

    [Theory]
    [InlineData("nanogpt", false)]
    [InlineData("nanogpt-without-biases", false)]
    [InlineData("nanogpt", true)]
    public void Maps_the_other_way_round_are_rounded_on_load_as_convert_rounds_them(string name, bool withAdapter)
    {
        NanoGptFolder.Write(folder.Path, TestFiles.Data($"checkpoints/{name}"), vocabulary: 288);
        string? adapter = withAdapter ? folder.File("adapter") : null;
        if (adapter is not null) AdapterFolder.WriteRandom(adapter, ("transformer.h.1.mlp.c_proj", 64, 16));
        ModelFolder.Check(folder.Path);
        CheckpointConverter.Convert(folder.Path, folder.File("q8"), DType.Q8, adapter: adapter);
        float[] converted = Logits(CausalLm.Load(folder.File("q8"), device));
        Assert.Equal(converted, Logits(CausalLm.Load(folder.Path, device, form: WeightForm.Q8, adapter: adapter)));
        Assert.NotEqual(converted, Logits(CausalLm.Load(folder.Path, device, adapter: adapter)));

        static float[] Logits(CausalLm model) =>
            model.Logits(model.Hidden(new TokenBatch([1, 2, 3, 42, 5]), model.NewCache(1, 5))).Value.ToArray();
    }

    [Fact]
    public void What_the_arguments_of_nanoGPT_lack_is_told_by_their_name()
    {
        NanoGptFolder.Write(folder.Path, TestFiles.Data("checkpoints/nanogpt"), vocabulary: null);
        Fails.With<InputException>(
            "ckpt.pt: model_args: vocab_size is missing, expected a whole number from 1.", () => CausalLm.Load(folder.Path, device));
        NanoGptFolder.Write(folder.Path, TestFiles.Data("checkpoints/nanogpt"), vocabulary: 288, positions: 0);
        Fails.With<InputException>("model_args: block_size is 0, expected a whole number", () => CausalLm.Load(folder.Path, device));
    }

    /// <summary>Writes the weights of a folder under other names.</summary>
    private string[] Rename(
        Func<string, string> rename, string? source = null, Func<SafeTensorsFile, (string Name, string Of)[]>? more = null)
    {
        source ??= Tiny;
        File.Copy(Path.Combine(source, "config.json"), folder.File("config.json"), overwrite: true);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(source, "model.safetensors"));
        SafeTensorsEntry[] entries =
        [
            .. file.Names.Select(name => new SafeTensorsEntry(rename(name), file.Load(name, device))),
            .. (more?.Invoke(file) ?? []).Select(other => new SafeTensorsEntry(other.Name, file.Load(other.Of, device))),
        ];
        SafeTensorsWriter.Write(folder.File("model.safetensors"), entries);
        return [.. entries.Select(entry => entry.Info.Name)];
    }
}

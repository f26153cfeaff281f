using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors.PyTorch;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

public sealed class CheckpointConverterTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2-tiny-f32", "F32")]
    [InlineData("gpt2-tiny-bf16-sharded", "BF16")]
    [InlineData("gpt2-tiny-f16-prefixed", "F16")]
    public void From_bin_to_shards_the_logits_stay_bit_for_bit(string family, string dtype)
    {
        string source = TestFiles.Golden($"families/{family}");
        BinFolder.Write(source, folder.File("bin"));
        CheckpointConverter.Report report = CheckpointConverter.Convert(folder.File("bin"), folder.File("st"), shardBytes: 40_000);
        Assert.True(report.Files.Count > 2);
        Assert.Equal("model-00001-of-" + $"{report.Files.Count:00000}.safetensors", report.Files[0]);
        Assert.Equal(BinFolderTests.Logits(source, device), BinFolderTests.Logits(folder.File("st"), device));

        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.File("st"), "model.safetensors.index.json")));
        Assert.Equal(report.Bytes, index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
        var stored = new List<string>();
        foreach (string name in report.Files)
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(folder.File("st"), name));
            Assert.Equal("pt", file.Metadata["format"]);
            Assert.All(
                file.Tensors,
                t => Assert.Equal((dtype, name), (t.DType, index.RootElement.GetProperty("weight_map").GetProperty(t.Name).GetString())));
            Assert.True(file.Tensors.Count == 1 || file.Tensors.Sum(t => t.Length) <= 40_000);
            stored.AddRange(file.Names);
        }

        Assert.Equal(report.Tensors, stored.Count);
        Assert.DoesNotContain("lm_head.weight", stored);
        Assert.DoesNotContain(stored, ModelFolder.IsBuffer);
        Assert.Equal(family.EndsWith("prefixed", StringComparison.Ordinal), stored.Contains("transformer.wte.weight")); // names stay
        Assert.Contains("lm_head.weight", report.Dropped);
    }

    [Fact]
    public void One_file_is_the_default_and_brings_its_companions()
    {
        string source = folder.File("source");
        Directory.CreateDirectory(source);
        foreach (string name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(TestFiles.Golden("families/gpt2-tiny-f32"), name), Path.Combine(source, name));
        string[] others =
        [
            "added_tokens.json", "generation_config.json", "merges.txt", "special_tokens_map.json", "tokenizer.json",
            "tokenizer_config.json", "vocab.json",
        ];
        foreach (string name in others) File.WriteAllText(Path.Combine(source, name), $"{{\"this\": \"is {name}\"}}");
        File.WriteAllText(Path.Combine(source, "training_args.bin"), "not wanted");
        long last = 0, total = 0;
        CheckpointConverter.Report report = CheckpointConverter.Convert(
            source, folder.File("st"), progress: (done, all) => (last, total) = (done, all));
        Assert.Equal((report.Bytes, report.Bytes), (last, total));
        Assert.Equal(["model.safetensors"], report.Files);
        Assert.Equal(
            others.Append("config.json").Append("model.safetensors").Order(),
            Directory.GetFiles(folder.File("st")).Select(f => Path.GetFileName(f)).Order());
        Assert.All(others, name => Assert.Equal($"{{\"this\": \"is {name}\"}}", File.ReadAllText(Path.Combine(folder.File("st"), name))));
        Assert.Equal(
            File.ReadAllText(Path.Combine(source, "config.json")), File.ReadAllText(Path.Combine(folder.File("st"), "config.json")));
        CheckpointConverter.Convert(source, folder.File("again"));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder.File("st"), "model.safetensors")),
            File.ReadAllBytes(Path.Combine(folder.File("again"), "model.safetensors")));
    }

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    [InlineData(DType.F32)]
    public void A_wished_type_is_rounded_to_and_back_changes_nothing(DType dtype)
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        BinFolder.Write(source, folder.File("f64"), asF64: true);
        CheckpointConverter.Report report = CheckpointConverter.Convert(folder.File("f64"), folder.File("a"), dtype);
        Assert.Equal(report.Tensors, report.Narrowed);
        CheckpointConverter.Convert(folder.File("a"), folder.File("b"), DType.F32);
        using SafeTensorsFile original = SafeTensorsFile.Open(Path.Combine(source, "model.safetensors"));
        using SafeTensorsFile narrow = SafeTensorsFile.Open(Path.Combine(folder.File("a"), "model.safetensors"));
        using SafeTensorsFile wide = SafeTensorsFile.Open(Path.Combine(folder.File("b"), "model.safetensors"));
        foreach (string name in wide.Names)
        {
            float[] expected = original.Load(name, device).ToArray(), actual = narrow.Load(name, device).ToArray();
            Assert.Equal(dtype, narrow.Load(name, device).DType);
            Assert.Equal(actual, wide.Load(name, device).ToArray());
            // Half a unit in the last place; the smallest halves are subnormal.
            double unit = dtype switch { DType.F16 => Math.Pow(2, -11), DType.BF16 => Math.Pow(2, -8), _ => 0 };
            double least = dtype == DType.F16 ? Math.Pow(2, -25) : 0;
            for (int i = 0; i < expected.Length; i++)
                Assert.InRange(Math.Abs(actual[i] - expected[i]), 0, unit * Math.Abs(expected[i]) + least);
        }
    }

    [Theory]
    [InlineData("float64", null, "float32")] // F64 is narrowed without being asked
    [InlineData("float64", DType.BF16, "bfloat16")]
    [InlineData("float32", DType.F16, "float16")]
    [InlineData("auto", null, "auto")]
    public void The_config_names_the_type_that_was_written(string before, DType? dtype, string after)
    {
        string source = folder.File("source"), config = Path.Combine(source, "config.json");
        BinFolder.Write(TestFiles.Golden("families/gpt2-tiny-f32"), source, asF64: before == "float64");
        string text = File.ReadAllText(config);
        File.WriteAllText(config, text.Replace("\"gpt2\",", $"\"gpt2\", \"torch_dtype\": \"{before}\",", StringComparison.Ordinal));
        CheckpointConverter.Convert(source, folder.File("st"), dtype);
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.File("st"), "config.json")));
        Assert.Equal(after, written.RootElement.GetProperty("torch_dtype").GetString());
        Assert.Equal(48, written.RootElement.GetProperty("n_embd").GetInt32());
    }

    [Fact]
    public void What_a_type_cannot_hold_is_told_and_nothing_is_left()
    {
        string source = folder.File("source");
        BinFolder.Write(TestFiles.Golden("families/gpt2-tiny-f32"), source);
        Write([0.5f, 65519, 65520, float.PositiveInfinity]);
        AssertRefused("Tensor \"w\" F16 [4]: element 2 is 65520, expected at most 65504", DType.F16);
        Write([1, float.MaxValue]);
        AssertRefused("Tensor \"w\" BF16 [2]: element 1 is 3.4028235E+38", DType.BF16);
        Write([1, 65519, float.NegativeInfinity, float.NaN]);
        CheckpointConverter.Convert(source, folder.File("st"), DType.F16);

        void Write(float[] values)
        {
            byte[] data = [.. values.SelectMany(BitConverter.GetBytes)];
            byte[] pickle = new PickleBytes().StateDict([new("w", "FloatStorage", "0", values.Length, [values.Length])]).Stop();
            File.WriteAllBytes(Path.Combine(source, "pytorch_model.bin"), ZipBytes.Checkpoint(pickle, [("0", data)]).ToArray());
        }

        void AssertRefused(string expected, DType dtype)
        {
            Fails.With<InputException>(expected, () => CheckpointConverter.Convert(source, folder.File("st"), dtype));
            Assert.Equal([source], Directory.GetFileSystemEntries(folder.Path));
        }
    }

    [Fact]
    public void Views_become_tensors_of_their_own_and_integers_stay()
    {
        string source = folder.File("source");
        BinFolder.Write(TestFiles.Golden("families/gpt2-tiny-f32"), source);
        string config = Path.Combine(source, "config.json");
        File.WriteAllText(
            config, File.ReadAllText(config).Replace("\"gpt2\",", "\"gpt2\", \"tie_word_embeddings\": true,", StringComparison.Ordinal));
        float[] values = [.. Enumerable.Range(0, 600_000).Select(i => i * 0.25f)]; // several blocks
        SavedTensor[] tensors =
        [
            new("t", "FloatStorage", "0", 600_000, [1000, 600]) { Stride = [1, 1000] },
            new("part", "FloatStorage", "0", 600_000, [3]) { Offset = 7 },
            new("ids", "LongStorage", "1", 2, [2]),
            new("lm_head.weight", "FloatStorage", "0", 600_000, [3]),
            new("wte.weight", "FloatStorage", "0", 600_000, [3]) { Offset = 1 },
        ];
        byte[] file = ZipBytes.Checkpoint(
            new PickleBytes().StateDict(tensors).Stop(),
            [("0", [.. values.SelectMany(BitConverter.GetBytes)]), ("1", new byte[16])]).ToArray();
        File.WriteAllBytes(Path.Combine(source, "pytorch_model.bin"), file);
        // Nobody would read that one: config.json ties it.
        Assert.Equal(["lm_head.weight"], CheckpointConverter.Convert(source, folder.File("st")).Dropped);
        CheckpointConverter.Convert(source, folder.File("bf16"), DType.BF16);
        using SafeTensorsFile same = SafeTensorsFile.Open(Path.Combine(folder.File("st"), "model.safetensors"));
        using SafeTensorsFile narrow = SafeTensorsFile.Open(Path.Combine(folder.File("bf16"), "model.safetensors"));
        float[] transposed = [.. Enumerable.Range(0, 600_000).Select(i => values[i / 600 + i % 600 * 1000])];
        Assert.Equal(transposed, same.Load("t", device).ToArray());
        Assert.Equal([1.75f, 2, 2.25f], same.Load("part", device).ToArray());
        Assert.Equal(["I64", "I64"], [same.Info("ids").DType, narrow.Info("ids").DType]);
        float[] rounded = narrow.Load("t", device).ToArray();
        // 8 bits hold these.
        Assert.All(Enumerable.Range(0, 600_000).Where(i => transposed[i] < 64), i => Assert.Equal(transposed[i], rounded[i]));
    }

    [Fact]
    public void What_is_there_stays_and_what_fails_leaves_nothing()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32"), taken = folder.File("taken"), target = folder.File("st");
        File.WriteAllText(taken, "mine");
        AssertRefused("is already there", source, taken);
        AssertRefused($"{taken} is a file, expected a folder", source, Path.Combine(taken, "in"));
        AssertRefused("config.json: no such file", folder.Path, target);
        Assert.Equal("mine", File.ReadAllText(taken));
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => CheckpointConverter.Convert(
            source, target, shardBytes: 20_000, progress: (_, _) => stop.Cancel(), cancellation: stop.Token));
        Assert.Equal([taken], Directory.GetFileSystemEntries(folder.Path));
        Assert.DoesNotContain(
            ".tmp",
            Assert.Throws<InputException>(() => CheckpointConverter.Convert(source, Path.Combine(taken, "in"))).Message,
            StringComparison.Ordinal);

        void AssertRefused(string expected, string from, string to) =>
            Fails.With<InputException>(expected, () => CheckpointConverter.Convert(from, to));
    }
}

using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Whole models with int8 matrices, rounded on load or converted before.</summary>
public sealed class Q8FolderTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 1);

    public static TheoryData<string> GpuNames => Devices.GpuNames;

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt2-tiny-f16-prefixed")]
    [InlineData("gpt2-tiny-bf16-sharded")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void Rounded_on_load_or_converted_before_the_logits_have_the_same_bits(string family)
    {
        string source = TestFiles.Golden($"families/{family}"), q8 = folder.File("q8");
        CheckpointConverter.Report report = CheckpointConverter.Convert(source, q8, DType.Q8, shardBytes: 40_000);
        float[] onLoad = Logits(source, WeightForm.Q8), stored = Logits(source, WeightForm.Stored);
        Devices.SameBits(onLoad, Logits(q8, WeightForm.Stored), "converted");
        Devices.SameBits(onLoad, Logits(q8, WeightForm.Q8), "Q8 already");
        Assert.NotEqual(stored, onLoad);
        float largest = stored.Max(MathF.Abs);
        for (int i = 0; i < stored.Length; i++) Devices.Close(stored[i], onLoad[i], 0.05 * largest, $"logit {i}");

        Assert.True(report.Files.Count > 1);
        foreach (string name in report.Files)
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(q8, name)); // a matrix and its scales stay together
            foreach (TensorInfo info in file.Tensors.Where(t => !Q8Container.IsScale(file, t)))
            {
                bool isMatrix = info.Shape.Count == 2 && !info.Name.EndsWith("wpe.weight", StringComparison.Ordinal);
                Assert.Equal(isMatrix, Q8Container.Holds(file, info));
                Assert.Equal(isMatrix, file.Contains(Q8Container.ScaleName(info.Name)));
            }
        }
    }

    [Fact]
    public void Converting_again_changes_nothing_and_back_to_F32_only_the_last_bits()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f16-prefixed"), q8 = folder.File("q8");
        CheckpointConverter.Report report = CheckpointConverter.Convert(source, q8, DType.Q8);
        CheckpointConverter.Convert(q8, folder.File("again"), DType.Q8);
        CheckpointConverter.Convert(q8, folder.File("copy"));
        byte[] first = File.ReadAllBytes(Path.Combine(q8, "model.safetensors"));
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(folder.File("again"), "model.safetensors")));
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(folder.File("copy"), "model.safetensors")));
        using (var written = new MemoryStream())
        {
            CheckpointConverter.WriteWeights(source, written, DType.Q8);
            Assert.Equal(first, written.ToArray());
        }

        CheckpointConverter.Report wide = CheckpointConverter.Convert(q8, folder.File("f32"), DType.F32);
        Assert.Equal(report.Tensors, wide.Tensors);
        float[] expected = Logits(folder.File("f32"), WeightForm.Stored), actual = Logits(q8, WeightForm.Stored);
        float largest = expected.Max(MathF.Abs);
        for (int i = 0; i < expected.Length; i++) Devices.Close(expected[i], actual[i], 5e-6 * largest, $"logit {i}");
    }

    [Fact]
    public void A_folder_whose_scales_are_gone_is_refused_before_anything_is_computed()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32"), q8 = folder.File("q8");
        CheckpointConverter.Convert(source, q8, DType.Q8);
        string path = Path.Combine(q8, "model.safetensors");
        using (SafeTensorsFile file = SafeTensorsFile.Open(path))
        {
            SafeTensorsEntry[] left = [.. file.Names.Where(name => name != "h.0.mlp.c_fc.weight.scale").Select(name => Entry(file, name))];
            SafeTensorsWriter.Write(path, left, file.Metadata);
        }

        const string Expected = "there is no \"h.0.mlp.c_fc.weight.scale\" with its scales. Hint: is the file damaged?";
        Fails.With<InputException>(Expected, () => CausalLm.Load(q8, device));
        Fails.With<InputException>(Expected, () => ModelFolder.Check(q8));
    }

    /// <summary>
    /// GPT-2's way of storing matrices gives a scale to each input, the table one to each token. A trained model loses next to nothing: the
    /// bounds are some three times what is found, and printed.
    /// </summary>
    [Fact]
    public void A_trained_model_reads_held_out_text_as_well_as_before()
    {
        string[] lines = [.. File.ReadLines(Path.ChangeExtension(TestFiles.Facts("heldout"), ".txt")).Take(40)];
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        int[][] texts = [.. lines.Select(tokenizer.Encode).Where(text => text.Length is > 1 and <= 128)];
        (double loss, int[] best) = Read(CausalLm.Load(TestFiles.Model, device), texts);
        (double rounded, int[] also) = Read(CausalLm.Load(TestFiles.Model, device, form: WeightForm.Q8), texts);
        double agreement = best.Zip(also, (a, b) => a == b).Count(same => same) / (double)best.Length;
        output.WriteLine(
            $"{best.Length} tokens: perplexity {Math.Exp(loss):0.000} as stored, {Math.Exp(rounded):0.000} with Q8; "
            + $"top-1 agreement {agreement:0.0000}");
        Assert.InRange(rounded - loss, -0.005, 0.005);
        Assert.InRange(agreement, 0.95, 1);
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void A_gpu_widens_them_and_answers_alike(string name)
    {
        using Device gpu = Devices.Create(name);
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        float[] expected = Logits(source, WeightForm.Q8);
        CausalLm model = CausalLm.Load(source, gpu, form: WeightForm.Q8);
        Assert.Equal(DType.F32, model.TokenTable.Value.DType);
        float[] actual = Logits(model);
        float largest = expected.Max(MathF.Abs);
        for (int i = 0; i < expected.Length; i++) Devices.Close(expected[i], actual[i], 5e-6 * largest, $"logit {i}");
    }

    [Fact]
    public void The_config_says_how_weights_are_stored()
    {
        string source = folder.File("source");
        Directory.CreateDirectory(source);
        File.Copy(Path.Combine(TestFiles.Model, "model.safetensors"), Path.Combine(source, "model.safetensors"));
        string config = File.ReadAllText(Path.Combine(TestFiles.Model, "config.json")).Trim();
        File.WriteAllText(Path.Combine(source, "config.json"), config[..^1].TrimEnd() + ", \"dtype\": \"float16\"}");
        CheckpointConverter.Convert(source, folder.File("q8"), DType.Q8);
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.File("q8"), "config.json")));
        Assert.Equal("int8", written.RootElement.GetProperty("dtype").GetString());
    }

    private float[] Logits(string path, WeightForm form) => Logits(CausalLm.Load(path, device, form: form));

    /// <summary>Logits of some tokens at once, and of more one by one.</summary>
    private static float[] Logits(CausalLm model)
    {
        KvCache cache = model.NewCache(1, 10);
        var all = new List<float>(model.Logits(model.Hidden(new TokenBatch([1, 2, 3, 42, 5, 17, 9, 30]), cache)).Value.ToArray());
        all.AddRange(model.Logits(model.Hidden(new TokenBatch([7]), cache)).Value.ToArray());
        return [.. all];
    }

    /// <summary>The mean loss, and the likeliest token at every position.</summary>
    private static (double Loss, int[] Best) Read(CausalLm model, int[][] texts)
    {
        double total = 0;
        var best = new List<int>();
        foreach (int[] text in texts)
        {
            using BufferScope scope = model.Device.Scope();
            Tensor logits = model.Logits(model.Hidden(new TokenBatch(text[..^1]), model.NewCache(1, text.Length))).Value;
            best.AddRange(model.Device.ArgMax(logits));
            float[] values = logits.ToArray();
            for (int t = 0; t + 1 < text.Length; t++)
            {
                float[] row = values[(t * logits.Columns)..((t + 1) * logits.Columns)];
                total += Math.Log(row.Sum(z => Math.Exp(z - row[text[t + 1]])));
            }
        }

        return (total / best.Count, [.. best]);
    }

    private static SafeTensorsEntry Entry(SafeTensorsFile file, string name) =>
        new(name, file.Info(name).DType, file.Info(name).Shape, MappedBytes.Copy(file.Bytes(name).Span(0, (int)file.Info(name).Length)));
}

using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Folders with PyTorch's files, sharded or not, give the models that those with safetensors give.</summary>
public sealed class BinFolderTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string> Families => new("gpt2-tiny-f32", "gpt2-tiny-bf16-sharded", "gpt2-tiny-f16-prefixed");

    [Theory]
    [MemberData(nameof(Families))]
    public void A_bin_gives_the_same_logits_bit_for_bit(string family)
    {
        string source = TestFiles.Golden($"families/{family}");
        float[] expected = Logits(source, device);
        BinFolder.Write(source, folder.File("bin"));
        Assert.Equal(expected, Logits(folder.File("bin"), device));
        BinFolder.Write(source, folder.File("legacy"), legacy: true);
        Assert.Equal(expected, Logits(folder.File("legacy"), device));
        BinFolder.WriteShards(source, folder.File("shards"), 3);
        Assert.Equal(expected, Logits(folder.File("shards"), device));
    }

    [Fact]
    public void F64_is_narrowed_and_told_once()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        BinFolder.Write(source, folder.File("f64"), asF64: true);
        Assert.Equal(Logits(source, device), Logits(folder.File("f64"), device));
        var notices = new List<string>();
        using (Checkpoint.Open(folder.File("f64"), device, notices.Add))
            Assert.EndsWith("41 of 42 tensors are stored as F64 and narrowed to F32.", Assert.Single(notices), StringComparison.Ordinal);
        using (Checkpoint.Open(source, device, notices.Add)) Assert.Single(notices);
    }

    [Fact]
    public void Safetensors_are_preferred_and_a_broken_bin_beside_them_does_no_harm()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        foreach (string file in Directory.GetFiles(source)) File.Copy(file, folder.File(Path.GetFileName(file)));
        File.WriteAllText(folder.File("pytorch_model.bin"), "nonsense");
        Assert.Equal(Logits(source, device), Logits(folder.Path, device));
        File.Delete(folder.File("model.safetensors"));
        AssertRefused("neither a zip archive nor a pickle");
    }

    [Fact]
    public void An_index_that_does_not_fit_its_shards_is_told()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32"), index = folder.File("pytorch_model.bin.index.json");
        File.Copy(Path.Combine(source, "config.json"), folder.File("config.json"));
        BinFolder.WriteShards(source, folder.File("s"), 2);
        foreach (string file in Directory.GetFiles(folder.File("s"))) File.Move(file, folder.File(Path.GetFileName(file)), overwrite: true);
        string good = File.ReadAllText(index), first = "pytorch_model-00001-of-00002.bin", second = "pytorch_model-00002-of-00002.bin";
        _ = Logits(folder.Path, device);

        // Of what nothing needs, and of where a tensor is that is there, an index may say anything.
        File.WriteAllText(index, good.Replace("\"wte.weight\":", "\"wte.wait\":", StringComparison.Ordinal));
        _ = Logits(folder.Path, device);
        File.WriteAllText(
            index, good.Replace("\"weight_map\": {", "\"weight_map\": {\"h.0.attn.bias\": \"masks.bin\", ", StringComparison.Ordinal));
        _ = Logits(folder.Path, device);
        File.WriteAllText(
            index, good.Replace("\"weight_map\": {", $"\"weight_map\": {{\"wte.weight\": \"{first}\", ", StringComparison.Ordinal));
        AssertRefused("weight_map names tensor \"wte.weight\" twice");
        foreach (string path in (string[])["../x.bin", "/etc/passwd", "..", "", "a\\\\b"])
        {
            File.WriteAllText(index, good.Replace(first, path, StringComparison.Ordinal));
            AssertRefused("expected a file in the same folder");
        }

        File.WriteAllText(index, """{"weight_map": {}}""");
        AssertRefused("weight_map is empty");
        File.WriteAllText(index, good);
        File.Copy(folder.File(first), folder.File("copy.bin"));
        // It holds other tensors, and those of the first again.
        File.WriteAllText(index, good.Replace(second, "copy.bin", StringComparison.Ordinal));
        AssertRefused("is there a second time");
        File.WriteAllText(index, good.Replace(first, "copy.bin", StringComparison.Ordinal).Replace(second, first, StringComparison.Ordinal)
            .Replace("copy.bin", first, StringComparison.Ordinal));
        AssertRefused($"is in {first}, which lacks it");
        File.WriteAllText(index, good);
        File.Move(folder.File(second), folder.File("away"));
        AssertRefused($"weight_map names \"{second}\", which is not there. Hint: an incomplete download?");
        File.Move(folder.File("away"), folder.File(second));
        using (FileStream shard = File.OpenWrite(folder.File(second))) shard.SetLength(shard.Length / 2);
        AssertRefused($"{second}: a zip archive without its directory");
    }

    [Fact]
    public void A_tensor_in_two_shards_is_told()
    {
        File.Copy(Path.Combine(TestFiles.Golden("families/gpt2-tiny-f32"), "config.json"), folder.File("config.json"));
        Tensor tensor = device.From([1, 2], 2);
        SafeTensorsWriter.Write(folder.File("a.safetensors"), [new("x", tensor), new("y", tensor)]);
        SafeTensorsWriter.Write(folder.File("b.safetensors"), [new("y", tensor), new("z", tensor)]);
        File.WriteAllText(
            folder.File("model.safetensors.index.json"),
            """{"weight_map": {"x": "a.safetensors", "y": "a.safetensors", "z": "b.safetensors"}}""");
        AssertRefused("b.safetensors: tensor \"y\" is there a second time");
    }

    /// <summary>Logits of a few tokens, all positions.</summary>
    internal static float[] Logits(string path, Device device)
    {
        CausalLm model = CausalLm.Load(path, device);
        return model.Logits(model.Hidden(new TokenBatch([1, 2, 3, 42, 5]), model.NewCache(1, 5))).Value.ToArray();
    }

    private void AssertRefused(string expected)
    {
        string message = Assert.Throws<InputException>(() => CausalLm.Load(folder.Path, device)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}

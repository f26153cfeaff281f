using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Folders written with other weights than they have, and where two folders differ.</summary>
public sealed class ReplacedWeightsTests : IDisposable
{
    private const string Changed = "h.1.mlp.c_proj.weight";

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 2);

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt2-tiny-bf16-sharded")]
    [InlineData("gpt2-tiny-f16-prefixed")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    [InlineData("nanogpt")]
    public void A_folder_of_float32_has_the_bits_of_the_changed_model_whatever_it_was_made_from(string source)
    {
        source = Source(source);
        (CausalLm model, ReplacedWeights replaced) = Change(source);
        Write(source, replaced, DType.F32);
        Assert.Equal(Logits(model), Logits(CausalLm.Load(folder.File("out"), device)));
        Assert.Equal(replaced.Names, WeightComparison.Differing(source, folder.File("out")).Select(weight => weight.Name));
        Assert.Empty(WeightComparison.Differing(source, replaced, folder.File("out"), null, null, default));
    }

    [Fact]
    public void Weights_are_rounded_to_the_type_that_they_were_stored_as_and_all_others_keep_their_bytes()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f16-prefixed");
        (_, ReplacedWeights replaced) = Change(source);
        Write(source, replaced, null);
        using StoredWeights before = StoredWeights.Open(source), after = StoredWeights.Open(folder.File("out"));
        foreach ((ITensorFile file, TensorInfo info) in after.Tensors)
        {
            (ITensorFile from, TensorInfo old) = before.Tensors.Single(t => t.Info.Name == info.Name);
            Assert.Equal((old.DType, string.Join(',', old.Shape)), (info.DType, string.Join(',', info.Shape)));
            bool isSame = file.Bytes(info.Name).HasSameBytes(from.Bytes(old.Name));
            Assert.NotEqual(info.Name.EndsWith(Changed, StringComparison.Ordinal), isSame);
        }

        ComparedWeight rounding = Assert.Single(WeightComparison.Differing(source, replaced, folder.File("out"), null, null, default));
        Assert.Equal((Changed, "F16"), (rounding.Name, rounding.DType));
        Assert.InRange(rounding.Largest, 1e-9, Math.ScaleB(1, -12)); // weights below 1: half of 2⁻¹¹ at most
    }

    [Fact]
    public void Distances_are_those_of_the_numbers()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        Directory.CreateDirectory(folder.File("a"));
        double norm = 0, distance = 0;
        ChangedModel.Write(source, folder.File("a"), device, (name, values) =>
        {
            if (!name.EndsWith("h.0.ln_1.bias", StringComparison.Ordinal)) return;
            for (int i = 0; i < values.Length; i++)
            {
                float before = values[i];
                values[i] += i * 0.5f;
                norm += (double)before * before;
                distance += ((double)values[i] - before) * ((double)values[i] - before);
            }
        });
        ComparedWeight one = Assert.Single(WeightComparison.Differing(source, folder.File("a")));
        Assert.Equal(("h.0.ln_1.bias", Math.Sqrt(norm), Math.Sqrt(distance)), (one.Name, one.Norm, one.Distance));
        Assert.Empty(WeightComparison.Differing(source, source));
    }

    [Fact]
    public void A_weight_that_the_folder_has_no_tensor_for_is_told_and_nothing_is_left()
    {
        string source = Source("nanogpt-without-biases");
        CausalLm model = CausalLm.Load(source, device);
        Block block = model.Blocks[0];
        Variable bias = block.Mlp.Down.Bias!.Value.Float32Copy();
        CausalLm changed = model.WithBlock(0, block with { Mlp = block.Mlp with { Down = block.Mlp.Down with { Bias = bias } } });
        Fails.With<InputException>(
            "what was changed has no place in it: it has no tensor \"h.0.mlp.c_proj.bias\"",
            () => Write(source, ReplacedWeights.Of(model, changed), null));
        Assert.False(Path.Exists(folder.File("out")));
    }

    [Fact]
    public void What_fails_or_is_cancelled_leaves_nothing()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        (_, ReplacedWeights replaced) = Change(source);
        Fails.With<InvalidOperationException>("no note", () => CheckpointConverter.ConvertReplaced(
            source, folder.File("out"), replaced, null, null, _ => throw new InvalidOperationException("no note")));
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => CheckpointConverter.ConvertReplaced(
            source, folder.File("out"), replaced, null, null, _ => cancel.Cancel(), null, cancel.Token));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private string Source(string name)
    {
        if (!name.StartsWith("nanogpt", StringComparison.Ordinal)) return TestFiles.Golden($"families/{name}");
        Directory.CreateDirectory(folder.File(name));
        NanoGptFolder.Write(folder.File(name), TestFiles.Data($"checkpoints/{name}"), vocabulary: 288);
        return folder.File(name);
    }

    private (CausalLm Model, ReplacedWeights Replaced) Change(string source)
    {
        CausalLm model = CausalLm.Load(source, device);
        Block block = model.Blocks[1];
        Tensor weight = block.Mlp.Down.Matrices[0].Value.Float32Copy(outlivesScopes: true);
        float[] values = weight.ToArray();
        for (int i = 0; i < values.Length; i++) values[i] += 0.01f * MathF.Sin(i);
        device.Upload(values, weight);
        LinearWeights down = block.Mlp.Down with { Matrices = [weight] };
        CausalLm changed = model.WithBlock(1, block with { Mlp = block.Mlp with { Down = down } });
        return (changed, ReplacedWeights.Of(model, changed));
    }

    private void Write(string source, ReplacedWeights replaced, DType? dtype) =>
        CheckpointConverter.ConvertReplaced(source, folder.File("out"), replaced, dtype, null, _ => { });

    private static float[] Logits(CausalLm model) =>
        model.Logits(model.Hidden(new TokenBatch([[1, 2, 3, 4]]), model.NewCache(1, 4))).Value.ToArray();
}

using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

public sealed class RandomCheckpointTests : IDisposable
{
    // wte 301·24 is odd in blocks; NInner is not 4·C; the last pair of an odd tensor has one number.
    private static readonly ModelConfig Small =
        PublishedSizes.All["gpt2"] with { NEmbd = 24, NLayer = 2, NHead = 3, NPositions = 17, VocabSize = 301, NInner = 40 };

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void A_random_model_loads_and_generates(DType dtype)
    {
        string path = folder.File("model");
        long parameters = RandomCheckpoint.Write(path, Small, dtype, seed: 1);
        Assert.Equal(Small with { }, ModelConfig.Load(path));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(path).Select(Path.GetFileName).Order());
        using var device = new CpuDevice(2);
        CausalLm model = CausalLm.Load(path, device);
        Assert.Equal(dtype, model.TokenTable.Value.DType);
        Assert.Equal(301 * 24 + 17 * 24 + 2 * (4 * 24 * 24 + 2 * 24 * 40 + 9 * 24 + 40) + 2 * 24, parameters);
        int[] made = [.. Generator.Generate(model, [1, 2, 3], 9, endTokens: [], new SamplingOptions(Temperature: 1))];
        Assert.Equal(9, made.Length);
        Assert.All(made, token => Assert.InRange(token, 0, 300));
    }

    [Fact]
    public void A_seed_gives_the_same_bytes_and_another_one_others()
    {
        byte[] Weights(string name, ulong seed)
        {
            RandomCheckpoint.Write(folder.File(name), Small with { VocabSize = 7001 }, DType.F16, seed); // several blocks
            return File.ReadAllBytes(Path.Combine(folder.File(name), "model.safetensors"));
        }

        byte[] first = Weights("a", 3);
        Assert.Equal(first, Weights("b", 3));
        Assert.NotEqual(first, Weights("c", 4));
    }

    [Fact]
    public void Weights_are_spread_as_gpt2_initialises_them()
    {
        ModelConfig config = Small with { NEmbd = 120, NLayer = 8, VocabSize = 3001 };
        RandomCheckpoint.Write(folder.File("m"), config, DType.F32, seed: 5);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(folder.File("m"), "model.safetensors"));
        using var device = new CpuDevice(1);
        Check("wte.weight", 0.02);
        Check("h.7.attn.c_attn.weight", 0.02);
        Check("h.3.attn.c_proj.weight", 0.02 / 4);
        Check("h.0.mlp.c_proj.weight", 0.02 / 4);
        Assert.All(file.Load("h.1.ln_2.weight", device).ToArray(), w => Assert.Equal(1, w));
        Assert.All(file.Load("h.1.mlp.c_fc.bias", device).ToArray(), w => Assert.Equal(0, w));

        // Mean, deviation, share beyond two deviations and the correlation of neighbours, each within five standard errors.
        void Check(string name, double deviation)
        {
            double[] z = [.. file.Load(name, device).ToArray().Select(w => w / deviation)];
            double error = 1 / Math.Sqrt(z.Length);
            Assert.InRange(z.Average(), -5 * error, 5 * error);
            Assert.InRange(z.Average(w => w * w) - 1, -5 * Math.Sqrt(2) * error, 5 * Math.Sqrt(2) * error);
            Assert.InRange(z.Average(w => Math.Abs(w) > 2 ? 1 : 0) - 0.0455, -5 * 0.21 * error, 5 * 0.21 * error);
            Assert.InRange(z.Zip(z.Skip(1), (a, b) => a * b).Average(), -5 * error, 5 * error);
        }
    }

    [Fact]
    public void The_published_sizes_have_their_published_number_of_parameters()
    {
        Assert.Equal(124_439_808, Parameters("gpt2"));
        Assert.Equal(354_823_168, Parameters("gpt2-medium"));
        Assert.Equal(774_030_080, Parameters("gpt2-large"));
        Assert.Equal(1_557_611_200, Parameters("gpt2-xl"));

        // What one block and none take, without writing them all.
        long Parameters(string name)
        {
            ModelConfig c = PublishedSizes.All[name];
            long one = RandomCheckpoint.Write(folder.File(name), c with { NLayer = 1, VocabSize = 1, NPositions = 1 }, DType.F16, 0);
            long outside = 4L * c.NEmbd;
            return (one - outside) * c.NLayer + outside + (c.VocabSize + c.NPositions - 2L) * c.NEmbd;
        }
    }

    [Fact]
    public void What_is_there_stays_and_what_fails_leaves_nothing()
    {
        string taken = folder.File("taken");
        File.WriteAllText(taken, "mine");
        Fails.With<InputException>("is already there", () => RandomCheckpoint.Write(taken, Small, DType.F16, 0));
        Assert.Equal("mine", File.ReadAllText(taken));
        Fails.With<InputException>(
            $"{taken} is a file, expected a folder", () => RandomCheckpoint.Write(Path.Combine(taken, "in"), Small, DType.F16, 0));
        Fails.With<InputException>(
            "the model's vocabulary 301", () => RandomCheckpoint.Write(folder.File("m"), Small, DType.F16, 0, TestFiles.Model));

        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(
            () => RandomCheckpoint.Write(folder.File("m"), Small, DType.F16, 0, null, (_, _) => stop.Cancel(), stop.Token));
        Assert.Equal([taken], Directory.GetFileSystemEntries(folder.Path));
    }
}

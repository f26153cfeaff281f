using System.Text.Json;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Tests.Transformer.Adapters;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>
/// Low-rank additions: their gradients against a float64 model with merged weights, and what is written against what is read. PEFT
/// itself is not run here; names and shapes are compared with adapters of its layout (tests/golden/adapters).
/// </summary>
public sealed class LoraTrainingTests : IDisposable
{
    /// <summary>As for whole weights in <see cref="WeightGradientTests"/>.</summary>
    private const double Tolerance = 5e-6;

    private static readonly TrainingSettings Settings = new() { LearningRate = 0.03, WarmupSteps = 0, Steps = 30, WeightDecay = 0 };

    private readonly CpuDevice device = new(threads: 1);

    public static TheoryData<string> Models => new(TinyModel.Configs.Keys);

    public void Dispose() => device.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public void Both_halves_have_the_gradients_of_a_float64_model(string name)
    {
        ModelConfig config = TinyModel.Configs[name];
        OrderedDictionary<string, float[]> weights = TinyModel.Weights(config, DType.F32);
        CausalLm model = TinyModel.Build(config, weights, device);
        Trainer trainer = Lora(model, "rank=3,alpha=6,modules=all-linear").NewTrainer(Settings);
        int seed = 40;
        foreach (TrainedWeight half in trainer.Weights)
            device.Upload(Array.ConvertAll(Devices.Values(half.Value.Count, seed++), value => value / 4), half.Value);

        var tape = new Tape();
        HashSet<Tensor> trained = [.. trainer.Weights.Select(half => half.Value)];
        CausalLm added = trainer.Model.With(w => trained.Contains(w.Value) ? tape.Parameter(w.Value) : w);
        tape.Backward(TinyModel.Loss(added, TinyModel.Sequences));
        Variable[] halves = [.. added.Weights.Where(w => trained.Contains(w.Value))];
        Assert.Equal(trainer.Weights.Count, halves.Length);

        Dictionary<string, double[]> merged = weights.ToDictionary(w => w.Key, w => Array.ConvertAll(w.Value, v => (double)v));
        const double Scale = 2;
        bool isOutIn = config.ModelType != "gpt2";
        for (int i = 0; i < halves.Length; i += 2) Each(i, (w, at, a, b, _, _) => merged[w][at] += Scale * a * b);
        var reference = new ReferenceModel(config, merged);
        for (int i = 0; i < halves.Length; i += 2)
        {
            double[] dW = reference.Gradient(merged[WeightOf(i)], TinyModel.Sequences);
            double[] dA = new double[trainer.Weights[i].Value.Count], dB = new double[trainer.Weights[i + 1].Value.Count];
            Each(i, (_, at, a, b, atA, atB) =>
            {
                dA[atA] += Scale * b * dW[at];
                dB[atB] += Scale * a * dW[at];
            });
            Close(dA, halves.Single(h => h.Value == trainer.Weights[i].Value), trainer.Weights[i].Name);
            Close(dB, halves.Single(h => h.Value == trainer.Weights[i + 1].Value), trainer.Weights[i + 1].Name);
        }

        string WeightOf(int i) => trainer.Weights[i].Name["base_model.model.transformer.".Length..^".lora_A.weight".Length] + ".weight";

        // Every product A[k,in]·B[out,k] with the place of W[in,out] or W[out,in] that it is added to.
        void Each(int i, Action<string, int, double, double, int, int> visit)
        {
            (Tensor a, Tensor b) = (trainer.Weights[i].Value, trainer.Weights[i + 1].Value);
            (float[] A, float[] B, int inputs, int outputs, int rank) = (a.ToArray(), b.ToArray(), a.Columns, b.Rows, a.Rows);
            for (int o = 0; o < outputs; o++)
                for (int n = 0; n < inputs; n++)
                    for (int k = 0, at = isOutIn ? o * inputs + n : n * outputs + o; k < rank; k++)
                        visit(WeightOf(i), at, A[k * inputs + n], B[o * rank + k], k * inputs + n, o * rank + k);
        }
    }

    [Theory]
    [InlineData("gpt2-tiny-f16-prefixed", WeightForm.Stored)]
    [InlineData("gpt-neo-tiny", WeightForm.Stored)]
    [InlineData("gpt-j-tiny", WeightForm.Stored)]
    [InlineData("gpt2-tiny-f32", WeightForm.Q8)]
    [InlineData("gpt-j-tiny", WeightForm.Q8)]
    public void What_is_learnt_is_read_again_as_an_adapter_and_the_base_stays(string family, WeightForm form)
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string from = TestFiles.Golden(Path.Combine("families", family));
        var model = CausalLm.Load(from, device, form: form);
        float[][] before = [.. model.Weights.Select(w => w.Value.ToArray())];
        LoraTraining lora = Lora(model, "rank=4,alpha=8,rslora=true,modules=all-linear");
        Trainer trainer = lora.NewTrainer(Settings);
        TrainingBatch batch = Batch(model.Config.VocabSize);
        Assert.Equal(Logits(model), Logits(trainer.Model)); // B is zero
        double first = trainer.Evaluate([batch]);
        for (int step = 0; step < 30; step++) trainer.Step([batch]);
        double last = trainer.Evaluate([batch]);
        Assert.True(last < 0.7 * first, $"{first} became {last}");
        foreach ((float[] was, Variable w) in before.Zip(model.Weights)) Devices.SameBits(was, w.Value.ToArray(), "base");
        lora.Write(folder.Path, trainer, DType.F32, CancellationToken.None);
        if (form == WeightForm.Q8) return; // an adapter merged into rounded weights is rounded with them

        float[] expected = Logits(trainer.Model), actual = Logits(CausalLm.Load(from, device, adapter: folder.Path));
        double size = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 2e-5 * size));

        float[] Logits(CausalLm of) =>
            of.Logits(of.Hidden(new TokenBatch(batch.Inputs[..batch.T]), of.NewCache(1, batch.T))).Value.ToArray();
    }

    [Fact]
    public void Same_bits_on_any_threads_with_dropout_and_recomputed_blocks()
    {
        foreach (string name in (string[])["gpt2", "gpt-neo", "gpt-j"])
        {
            float[][] one = On(1, recomputes: false);
            foreach ((int threads, bool recomputes) in ((int, bool)[])[(2, false), (3, true)])
                foreach ((float[] expected, float[] actual) in one.Zip(On(threads, recomputes))) Devices.SameBits(expected, actual, name);

            float[][] On(int threads, bool recomputes)
            {
                using var cpu = new CpuDevice(threads);
                ModelConfig config = TinyModel.Configs[name];
                CausalLm model = TinyModel.Build(config, TinyModel.Weights(config, DType.F32), cpu);
                Trainer trainer = Lora(model, "rank=2,modules=all-linear,dropout=0.2")
                    .NewTrainer(Settings with { Seed = 4, RecomputesBlocks = recomputes, Dropout = 0.1 });
                for (int step = 0; step < 3; step++) trainer.Step([Batch(11, 6), Batch(11, 6)]);
                return [.. trainer.Weights.Select(half => half.Value.ToArray())];
            }
        }
    }

    [Fact]
    public void Names_shapes_and_settings_are_those_of_adapters_of_pefts_layout()
    {
        var model = CausalLm.Load(TestFiles.Golden("families/gpt-j-tiny"), device);
        LoraTraining lora = Lora(model, "rank=3,alpha=5,modules=q_proj+v_proj+fc_in+fc_out");
        Trainer trainer = lora.NewTrainer(Settings);
        using SafeTensorsFile golden = SafeTensorsFile.Open(Path.Combine(AdapterFolder.Golden("gpt-j-regex"), "adapter_model.safetensors"));
        TensorInfo[] inBlocks = [.. golden.Tensors.Where(t => t.Name.Contains(".h.", StringComparison.Ordinal))];
        Assert.True(inBlocks.Length >= 16, $"{inBlocks.Length}");
        foreach (TensorInfo info in inBlocks)
        {
            Tensor half = Assert.Single(trainer.Weights, weight => weight.Name == info.Name).Value;
            Assert.Equal(info.Shape, half.Shape.Dims.ToArray().Select(dim => (long)dim));
        }

        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        lora.Write(folder.Path, trainer, DType.F16, CancellationToken.None);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(folder.File("adapter_config.json")));
        using JsonDocument other = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AdapterFolder.Golden("gpt-j-regex"), "adapter_config.json")));
        string[] theirs = [.. other.RootElement.EnumerateObject().Select(key => key.Name)];
        foreach (JsonProperty key in config.RootElement.EnumerateObject()) Assert.Contains(key.Name, theirs);
        Assert.Equal(
            ["q_proj", "v_proj", "fc_in", "fc_out"],
            config.RootElement.GetProperty("target_modules").EnumerateArray().Select(e => e.GetString()!));
        Assert.False(config.RootElement.GetProperty("fan_in_fan_out").GetBoolean());
        Assert.Equal("base", config.RootElement.GetProperty("base_model_name_or_path").GetString());
    }

    [Theory]
    [InlineData("gpt2", "rank=2", "attn.c_attn")]
    [InlineData("gpt-neo", "rank=2", "attn.attention.q_proj attn.attention.v_proj")]
    [InlineData("gpt-j", "rank=2", "attn.q_proj attn.v_proj")]
    [InlineData("gpt2", "rank=2,modules=mlp.c_proj", "mlp.c_proj")]
    [InlineData("gpt2", "rank=2,modules=c_proj", "attn.c_proj mlp.c_proj")]
    public void Modules_are_those_that_peft_means(string name, string words, string expected)
    {
        ModelConfig config = TinyModel.Configs[name];
        LoraTraining lora = Lora(TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device), words);
        Assert.Equal(
            Enumerable.Range(0, config.NLayer).SelectMany(l => expected.Split(' ').Select(module => $"transformer.h.{l}.{module}")),
            lora.Modules);
        Assert.Equal("rank=2,alpha=2", LoraPlan.Parse("rank=2", "lora").ToString());
        Assert.Equal("rank=2,alpha=4,modules=a+b", LoraPlan.Parse(" rank = 2, alpha=4 , modules=a + b", "lora").ToString());
    }

    [Theory]
    [InlineData("rank=2,modules=c_atn", "lora: \"c_atn\" is no linear map of a block. Did you mean 'c_attn'?")]
    [InlineData("rank=2,modules=lm_head", "\"lm_head\" is no linear map of a block.")]
    [InlineData("rank=2,modules=wte", "Token table, positions, norms and head cannot be trained this way.")]
    [InlineData("rank=2,modules=a++b", "modules is \"a++b\", expected names with + between them")]
    [InlineData("alpha=2", "lora: rank is missing, expected a whole number from 1 to 65536.")]
    [InlineData("rank=2,rank=3", "rank is there twice")]
    [InlineData("rank=2,dropout=1", "dropout is \"1\", expected a number from 0, below 1")]
    [InlineData("rank=2,rslora=yes", "rslora is \"yes\", expected true or false")]
    [InlineData("8", "\"8\" is no setting with its value")]
    [InlineData("rnak=2", "Did you mean 'rank'?")]
    [InlineData("r=4", "expected some of rank, alpha, modules, dropout, rslora. Did you mean 'rank'? Hint: it is rank=N")]
    [InlineData("rank=2,lora_alpha=4", "Did you mean 'alpha'?")]
    [InlineData("rank=2,alpha=1e30", "alpha is \"1e30\", expected a number above 0, at most 1e9.")]
    public void What_means_nothing_is_refused_in_a_sentence(string words, string said)
    {
        ModelConfig config = TinyModel.Configs["gpt2"];
        CausalLm model = TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device);
        Fails.With<InputException>(said, () => Lora(model, words));
    }

    private static LoraTraining Lora(CausalLm model, string words) => LoraTraining.Of(model, LoraPlan.Parse(words, "lora"), "base");

    private static TrainingBatch Batch(int vocabulary, int length = 12)
    {
        int[] ids = [.. Enumerable.Range(0, length + 1).Select(i => ((i * i * 7) + 3) % vocabulary)];
        return new TrainingBatch(1, length, ids[..length], ids[1..]);
    }

    private static void Close(double[] expected, Variable half, string name)
    {
        float[] actual = Assert.IsType<Tensor>(half.Gradient).ToArray();
        double off = Math.Sqrt(expected.Zip(actual).Sum(e => (e.First - e.Second) * (e.First - e.Second)));
        double size = Math.Sqrt(expected.Sum(e => e * e));
        Assert.True(size > 1e-4, $"{name} has no gradient worth checking: its norm is {size:g3}.");
        Assert.True(off / size < Tolerance, $"{name}: {off / size:e2}");
    }
}

using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

public sealed class TrainerTests : IDisposable
{
    private static readonly TrainingSettings Settings = new() { LearningRate = 0.01, WarmupSteps = 2, Steps = 6 };

    private readonly Device device = Devices.Create("cpu-1-thread");

    public static TheoryData<string> Models => new(TinyModel.Configs.Keys);

    public void Dispose() => device.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public void A_few_steps_learn_a_batch_by_heart(string name)
    {
        var trainer = Trainer.OfModel(Model(device, name), Settings with { LearningRate = 0.03, Steps = 40 });
        double before = trainer.Evaluate([Batch(1)]), last = 0;
        for (int step = 0; step < 40; step++) last = trainer.Step([Batch(1)]).Loss;
        Assert.True(last < 0.3 * before, $"{before} became {last}");
        Assert.Equal(40, trainer.StepsDone);
    }

    [Fact]
    public void Same_bits_on_one_two_and_three_threads()
    {
        foreach (string name in (string[])["gpt2", "gpt-neo", "gpt-j"])
        {
            float[][] one = On(threads: 1);
            foreach (int threads in (int[])[2, 3]) SameBits(one, On(threads));

            float[][] On(int threads)
            {
                using var cpu = new CpuDevice(threads);
                var trainer = Trainer.OfModel(Model(cpu, name), Settings with { Dropout = 0.1 });
                for (int step = 0; step < 3; step++) trainer.Step([Batch(step), Batch(step + 10)]);
                return Values(trainer);
            }
        }
    }

    [Fact]
    public void Two_batches_of_a_step_are_one_of_all_their_windows()
    {
        // A large ε, for keys' biases have a gradient of 0, of whose rounding Adam would otherwise make whole steps.
        var together = Trainer.OfModel(Model(device), Settings with { Epsilon = 1e-3 });
        var apart = Trainer.OfModel(Model(device), Settings with { Epsilon = 1e-3 });
        TrainingBatch a = Batch(1), b = Batch(2);
        b = b with { Targets = [.. b.Targets.Select((target, i) => i % 3 == 0 ? target : TrainingBatch.NoTarget)] };
        var both = new TrainingBatch(a.B + b.B, a.T, [.. a.Inputs, .. b.Inputs], [.. a.Targets, .. b.Targets]);
        StepReport one = together.Step([both]), two = apart.Step([a, b]);
        Assert.Equal(one.Targets, two.Targets);
        Assert.Equal(one.Loss, two.Loss, 1e-6);
        Assert.Equal(one.GradientNorm, two.GradientNorm, 1e-5);
        foreach ((float[] x, float[] y) in Values(together).Zip(Values(apart)))
            Assert.All(x.Zip(y), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Names_choose_what_is_trained_and_all_else_stays_as_it_is()
    {
        CausalLm start = Model(device);
        var trainer = Trainer.OfModel(start, Settings, name => name.StartsWith("h.1.mlp", StringComparison.Ordinal));
        Assert.Equal(
            ["h.1.mlp.c_fc.weight", "h.1.mlp.c_fc.bias", "h.1.mlp.c_proj.weight", "h.1.mlp.c_proj.bias"],
            trainer.Weights.Select(weight => weight.Name));
        trainer.Step([Batch(1)]);
        Variable[] before = [.. start.Weights], after = [.. trainer.Model.Weights];
        int changed = Enumerable.Range(0, before.Length).Count(i => !before[i].Value.ToArray().SequenceEqual(after[i].Value.ToArray()));
        Assert.Equal(4, changed);
        Assert.Throws<ArgumentException>(() => Trainer.OfModel(start, Settings, _ => false));
    }

    [Fact]
    public void It_goes_on_from_weights_moments_and_steps_as_if_it_had_not_stopped()
    {
        TrainingSettings settings = Settings with { Dropout = 0.2 };
        var whole = Trainer.OfModel(Model(device), settings);
        for (int step = 0; step < 3; step++) whole.Step([Batch(step)]);

        var resumed = Trainer.OfModel(Model(device), settings);
        foreach ((TrainedWeight from, TrainedWeight to) in whole.Weights.Zip(resumed.Weights))
            device.Upload(from.Value.ToArray(), to.Value);
        foreach (((Tensor mean, Tensor square), (Tensor toMean, Tensor toSquare)) in whole.Moments.Zip(resumed.Moments))
        {
            device.Upload(mean.ToArray(), toMean);
            device.Upload(square.ToArray(), toSquare);
        }

        resumed.StepsDone = whole.StepsDone;
        for (int step = 3; step < 6; step++) Assert.Equal(whole.Step([Batch(step)]), resumed.Step([Batch(step)]));
        SameBits(Values(whole), Values(resumed));
    }

    [Fact]
    public void Dropout_and_smoothing_count_while_training_alone()
    {
        var plain = Trainer.OfModel(Model(device), Settings);
        var noisy = Trainer.OfModel(Model(device), Settings with { Dropout = 0.5, LabelSmoothing = 0.1 });
        Assert.Equal(plain.Evaluate([Batch(1)]), noisy.Evaluate([Batch(1)]));
        Assert.Equal(plain.Evaluate([Batch(1)]), plain.Step([Batch(1)]).Loss, 1e-6);
        Assert.NotEqual(plain.Evaluate([Batch(2)]), noisy.Step([Batch(2)]).Loss, 1e-3);
    }

    [Fact]
    public void The_rate_rises_to_its_peak_and_falls_to_its_end()
    {
        var settings = new TrainingSettings { LearningRate = 2, WarmupSteps = 4, Steps = 12, FinalRate = 0.25 };
        Assert.Equal([0.5, 1, 1.5, 2, 2], Enumerable.Range(0, 5).Select(settings.RateAt));
        Assert.Equal(1.25, settings.RateAt(8), 1e-12); // half way down
        Assert.Equal(0.5, settings.RateAt(12), 1e-12);
        Assert.Equal(0.5, settings.RateAt(99), 1e-12);
        Assert.Equal(2, (settings with { WarmupSteps = 0 }).RateAt(0));
    }

    [Fact]
    public void What_cannot_be_trained_on_is_named()
    {
        var trainer = Trainer.OfModel(Model(device), Settings);
        Fails.With<ArgumentException>("no targets", () => trainer.Step([new TrainingBatch(1, 2, [1, 2], [-1, -1])]));
        Fails.With<InputException>(
            "Token 99 is not in the model's vocabulary of 11", () => trainer.Step([new TrainingBatch(1, 2, [1, 99], [1, 2])]));
        Fails.With<InputException>(
            "A sequence of 10 tokens is longer than the model's 9 positions",
            () => trainer.Step([new TrainingBatch(1, 10, new int[10], new int[10])]));
        float[][] before = Values(trainer);
        var wild = Trainer.OfModel(Model(device), Settings with { LearningRate = 1e30, WarmupSteps = 0, ClipNorm = 0 });
        wild.Step([Batch(1)]);
        Fails.With<InputException>("a lower learning rate", () => wild.Step([Batch(2)]));
        SameBits(before, Values(trainer));
    }

    private static CausalLm Model(Device device, string name = "gpt2")
    {
        ModelConfig config = TinyModel.Configs[name];
        return TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device);
    }

    /// <summary>Two windows of six tokens.</summary>
    private static TrainingBatch Batch(int seed)
    {
        var rng = new Rng((ulong)seed);
        int[] ids = [.. Enumerable.Range(0, 14).Select(_ => rng.NextInt(11))];
        return new TrainingBatch(2, 6, [.. ids[..6], .. ids[7..13]], [.. ids[1..7], .. ids[8..14]]);
    }

    private static float[][] Values(Trainer trainer) => [.. trainer.Weights.Select(weight => weight.Value.ToArray())];

    private static void SameBits(float[][] expected, float[][] actual)
    {
        for (int i = 0; i < expected.Length; i++) Devices.SameBits(expected[i], actual[i], $"weight {i}");
    }
}

using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>
/// Twenty steps of a float64 program: losses and norms of gradients within 1e-5, final logits within 1e-3 of the largest. Measured
/// are 2e-7, 4e-7 and 2e-6; Adam turns rounding of small gradients into whole steps, so other devices get some room. A wrong
/// schedule, decay, clipping or bias correction is off by far more at the second step.
/// </summary>
/// <param name="output">Told the largest difference of each device.</param>
public sealed class GoldenTrainingTests(ITestOutputHelper output)
{
    public static TheoryData<string> QuickOnes => new(Devices.QuickOnes);

    [Theory]
    [MemberData(nameof(QuickOnes))]
    public void Twenty_steps_are_those_of_a_float64_program(string deviceName)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden("training_tiny.json")));
        JsonElement golden = file.RootElement, how = golden.GetProperty("hyper_parameters");
        using Device device = Devices.Create(deviceName);
        CausalLm start = CausalLm.Load(TestFiles.Golden(Path.Combine("families", golden.GetProperty("model").GetString()!)), device);
        float[] untouched = start.TokenTable.Value.ToArray();
        var trainer = Trainer.OfModel(start, new TrainingSettings
        {
            LearningRate = how.GetProperty("learning_rate").GetDouble(),
            WarmupSteps = how.GetProperty("warmup_steps").GetInt32(),
            Steps = golden.GetProperty("steps").GetInt32(),
            FinalRate = 0.1,
            Beta1 = how.GetProperty("betas")[0].GetDouble(),
            Beta2 = how.GetProperty("betas")[1].GetDouble(),
            Epsilon = how.GetProperty("eps").GetDouble(),
            WeightDecay = how.GetProperty("weight_decay").GetDouble(),
            ClipNorm = how.GetProperty("clip_norm").GetDouble(),
        });
        int[][][] batches = golden.GetProperty("batches").Deserialize<int[][][]>()!;

        double lossOff = 0, normOff = 0;
        foreach (JsonElement expected in golden.GetProperty("log").EnumerateArray())
        {
            StepReport step = trainer.Step([Batch(batches[(expected.GetProperty("step").GetInt32()) % batches.Length])]);
            Assert.Equal(expected.GetProperty("step").GetInt32() + 1, step.Step);
            Assert.Equal(expected.GetProperty("lr").GetDouble(), step.LearningRate, 1e-12);
            lossOff = Math.Max(lossOff, Off(expected.GetProperty("loss").GetDouble(), step.Loss));
            normOff = Math.Max(normOff, Off(expected.GetProperty("grad_norm").GetDouble(), step.GradientNorm));
        }

        JsonElement final = golden.GetProperty("final_logits");
        double[] logits = final.GetProperty("last").Deserialize<double[]>()!;
        int[] tokens = final.GetProperty("tokens").Deserialize<int[]>()!;
        CausalLm model = trainer.Model;
        float[] actual = model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length), rows: [tokens.Length - 1]))
            .Value.ToArray();
        double logitsOff = logits.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)) / logits.Max(Math.Abs);
        foreach (TrainedWeight weight in trainer.Weights)
        {
            JsonElement end = golden.GetProperty("final").GetProperty(weight.Name);
            double norm = Math.Sqrt(weight.Value.ToArray().Sum(v => (double)v * v));
            double bound = weight.Name.EndsWith("c_attn.bias", StringComparison.Ordinal) ? 1e-2 : 1e-4; // keys' have a gradient of 0
            Assert.True(Off(end.GetProperty("norm").GetDouble(), norm) < bound, $"{weight.Name}: norm {norm}");
        }

        output.WriteLine($"training | {deviceName} | loss {lossOff:e2}, gradient norm {normOff:e2}, final logits {logitsOff:e2}");
        Assert.InRange(lossOff, 0, 1e-5);
        Assert.InRange(normOff, 0, 1e-5);
        Assert.InRange(logitsOff, 0, 1e-3);
        Devices.SameBits(untouched, start.TokenTable.Value.ToArray(), "the model it started from");
    }

    private static double Off(double expected, double actual) => Math.Abs(actual - expected) / Math.Abs(expected);

    private static TrainingBatch Batch(int[][] rows) =>
        new(rows.Length, rows[0].Length - 1, [.. rows.SelectMany(row => row[..^1])], [.. rows.SelectMany(row => row[1..])]);
}

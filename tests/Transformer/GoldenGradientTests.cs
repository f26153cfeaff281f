using System.Text.Json;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Transformer;

/// <summary>
/// The gradient by every weight of a checkpoint against a float64 program: elements within 1e-4 of the norm of their weight's
/// gradient. The bound is generous for float32 rounding; a gradient that is left out, doubled or averaged otherwise is far beyond it.
/// </summary>
/// <param name="output">Told the largest difference of each device.</param>
public sealed class GoldenGradientTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> QuickOnes => new(Devices.QuickOnes);

    [Theory]
    [MemberData(nameof(QuickOnes))]
    public void The_first_step_of_training_has_the_golden_gradients(string deviceName)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden("training_tiny.json")));
        JsonElement golden = file.RootElement;
        int[][] sequences = golden.GetProperty("batches")[0].Deserialize<int[][]>()!;
        using Device device = Devices.Create(deviceName);
        CausalLm frozen = CausalLm.Load(TestFiles.Golden(Path.Combine("families", golden.GetProperty("model").GetString()!)), device);
        var tape = new Tape();
        CausalLm model = frozen.With(w => tape.Parameter(w.Value));
        Variable loss = TinyModel.Loss(model, sequences);
        JsonElement first = golden.GetProperty("log")[0];
        Close(first.GetProperty("loss").GetDouble(), loss.Value.ToScalar(), "loss");
        tape.Backward(loss);

        Dictionary<string, double[]> gradients = WeightList.Of(model.Config).Zip(model.Weights).ToDictionary(
            pair => pair.First.Name, pair => Array.ConvertAll(pair.Second.Gradient!.ToArray(), g => (double)g));
        double norm = Norm(gradients.Values.SelectMany(g => g)), largest = 0;
        Close(first.GetProperty("grad_norm").GetDouble(), norm, "norm of all gradients");
        JsonProperty[] expected = [.. golden.GetProperty("gradients_step0").EnumerateObject()];
        Assert.Equal(gradients.Keys.Order(), expected.Select(e => e.Name).Order());
        foreach (JsonProperty weight in expected)
        {
            double[] actual = [.. gradients[weight.Name].Select(g => g / (norm + 1e-6))];
            double size = weight.Value.GetProperty("norm").GetDouble();
            Close(size, Norm(actual), $"norm of {weight.Name}");
            double[] head = weight.Value.GetProperty("head").Deserialize<double[]>()!;
            largest = Math.Max(largest, head.Zip(actual).Max(e => Math.Abs(e.First - e.Second)) / size);
        }

        output.WriteLine($"gradients | gpt2-tiny-f32 | {deviceName} | {largest:e2} | bound {Tolerance:e0}");
        Assert.InRange(largest, 0, Tolerance);
    }

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));

    private static void Close(double expected, double actual, string what) =>
        Assert.True(Math.Abs(actual - expected) <= Tolerance * expected, $"{what}: expected {expected:R}, got {actual:R}.");
}

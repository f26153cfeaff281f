using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Transformer.Adapters;

/// <summary>
/// Models with adapters against a float64 program that never merges: it computes W·x and scale·B·A·x side by side. Tolerance as in
/// <see cref="GoldenLogitsTests"/>.
/// </summary>
/// <param name="output">Told the largest difference.</param>
public sealed class LoraGoldenTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Adapters
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in Devices.DifferentOnes)
                foreach (string adapter in Directory.GetDirectories(TestFiles.Golden("adapters")).Order(StringComparer.Ordinal))
                    data.Add(device, Path.GetFileName(adapter));
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void A_model_with_an_adapter_gives_the_golden_logits(string deviceName, string name)
    {
        using Device device = Devices.Create(deviceName);
        string folder = AdapterFolder.Golden(name);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        string model = TestFiles.Golden(Path.Combine("families", expected.RootElement.GetProperty("model").GetString()!));
        CausalLm adapted = CausalLm.Load(model, device, adapter: folder);
        double largest = 0;
        foreach (JsonElement row in expected.RootElement.GetProperty("rows").EnumerateArray())
        {
            int[] tokens = [.. row.GetProperty("tokens").EnumerateArray().Select(e => e.GetInt32())];
            Tensor logits = adapted.Logits(adapted.Hidden(new TokenBatch(tokens), adapted.NewCache(1, tokens.Length))).Value;
            Assert.Equal(row.GetProperty("argmax").EnumerateArray().Select(e => e.GetInt32()), device.ArgMax(logits));
            double[] last = [.. row.GetProperty("lastLogits").EnumerateArray().Select(e => e.GetDouble())];
            float[] actual = logits.Slice(tokens.Length - 1, 1).ToArray();
            Assert.Equal(last.Length, actual.Length);
            largest = Math.Max(largest, last.Select((logit, i) => Math.Abs(actual[i] - logit)).Max() / last.Max(Math.Abs));
        }

        output.WriteLine($"logits with adapter | {name} | {device.Name} | {largest:e2} | bound {Tolerance:e0}");
        Assert.InRange(largest, 0, Tolerance);
    }
}

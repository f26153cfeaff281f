using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Transformer;

/// <summary>
/// Logits against float64 programs: |difference| ≤ 1e-4 · max |logit|, arg max equal. The bound is what float32
/// rounding through a dozen layers may cost; a wrong ε, a swapped bias or a transposed weight is far beyond it.
/// </summary>
/// <param name="output">Told the largest difference of each device.</param>
public sealed class GoldenLogitsTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> TinyCheckpoints
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in Devices.DifferentOnes)
            {
                string[] families =
                    ["gpt2-tiny-f32", "gpt2-tiny-bf16-sharded", "gpt2-tiny-f16-prefixed", "gpt-neo-tiny", "gpt-j-tiny"];
                foreach (string family in families) data.Add(device, family);
            }

            return data;
        }
    }

    public static TheoryData<string> DifferentDevices => new(Devices.DifferentOnes);

    [Theory]
    [MemberData(nameof(TinyCheckpoints))]
    public void Tiny_checkpoints_give_the_golden_logits_at_every_position(string deviceName, string family)
    {
        using Device device = Devices.Create(deviceName);
        string folder = TestFiles.Golden(Path.Combine("families", family));
        CausalLm model = CausalLm.Load(folder, device);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")));
        double largest = 0;
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            int[] tokens = Ints(entry.GetProperty("tokens"));
            Tensor logits = AllLogits(model, tokens);
            Assert.Equal(Ints(entry.GetProperty("argmax")), device.ArgMax(logits));
            double[] expected = Doubles(entry.GetProperty("last_logits"));
            float[] last = logits.Slice(tokens.Length - 1, 1).ToArray();
            Assert.Equal(expected.Length, last.Length);
            largest = Math.Max(largest, Difference(expected, last));
            double[] logSumExp = Doubles(entry.GetProperty("logsumexp"));
            for (int t = 0; t < tokens.Length; t++)
            {
                double allowed = Tolerance * Math.Abs(logSumExp[t]);
                Assert.InRange(LogSumExp(logits.Slice(t, 1).ToArray()) - logSumExp[t], -allowed, allowed);
            }
        }

        Report(device, family, largest);
    }

    [Theory]
    [MemberData(nameof(DifferentDevices))]
    public void The_bundled_model_gives_the_golden_logits(string deviceName)
    {
        using Device device = Devices.Create(deviceName);
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden("facts_gpt2_logits.json")));
        double largest = 0;
        int rows = deviceName == Devices.Simulation ? 1 : int.MaxValue;
        foreach (JsonElement row in golden.RootElement.GetProperty("rows").EnumerateArray().Take(rows))
        {
            int[] ids = Ints(row.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(row.GetProperty("prompt").GetString()!));
            float[] last = AllLogits(model, ids).Slice(ids.Length - 1, 1).ToArray();
            Assert.Equal(row.GetProperty("argmax").GetInt32(), Array.IndexOf(last, last.Max()));
            double scale = last.Max(Math.Abs);
            double[] expected = Doubles(row.GetProperty("logits10"));
            largest = Math.Max(largest, Difference(expected, last, scale));
            double logSumExp = row.GetProperty("logsumexp").GetDouble();
            Assert.InRange(LogSumExp(last) - logSumExp, -Tolerance * scale, Tolerance * scale);
        }

        Report(device, "facts-gpt2", largest);
    }

    private static Tensor AllLogits(CausalLm model, int[] tokens) =>
        model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length))).Value;

    /// <summary>The largest difference relative to the largest logit, or to <paramref name="scale"/>.</summary>
    private static double Difference(double[] expected, float[] actual, double? scale = null) =>
        expected.Select((e, i) => Math.Abs(actual[i] - e)).Max() / (scale ?? expected.Max(Math.Abs));

    private void Report(Device device, string model, double largest)
    {
        output.WriteLine($"logits | {model} | {device.Name} | {largest:e2} | bound {Tolerance:e0}");
        Assert.InRange(largest, 0, Tolerance);
    }

    private static double LogSumExp(float[] logits)
    {
        double max = logits.Max();
        return max + Math.Log(logits.Sum(z => Math.Exp(z - max)));
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}

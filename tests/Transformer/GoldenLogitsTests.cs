using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Transformer;

/// <summary>
/// Logits against float64 programs: |difference| ≤ 1e-4 · max |logit|, arg max equal. The bound is what float32
/// rounding through a dozen layers may cost; a wrong ε, a swapped bias or a transposed weight is far beyond it.
/// </summary>
public sealed class GoldenLogitsTests : IDisposable
{
    private const double Tolerance = 1e-4;
    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt2-tiny-bf16-sharded")]
    [InlineData("gpt2-tiny-f16-prefixed")]
    public void Tiny_checkpoints_give_the_golden_logits_at_every_position(string family)
    {
        string folder = TestFiles.Golden(Path.Combine("families", family));
        CausalLm model = CausalLm.Load(folder, device);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")));
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            int[] tokens = Ints(entry.GetProperty("tokens"));
            Tensor logits = AllLogits(model, tokens);
            Assert.Equal(Ints(entry.GetProperty("argmax")), device.ArgMax(logits));
            double[] expected = Doubles(entry.GetProperty("last_logits"));
            AssertClose(expected, logits.Slice(tokens.Length - 1, 1).ToArray());
            double[] logSumExp = Doubles(entry.GetProperty("logsumexp"));
            for (int t = 0; t < tokens.Length; t++)
                Assert.InRange(LogSumExp(logits.Slice(t, 1).ToArray()) - logSumExp[t], -Tolerance * Math.Abs(logSumExp[t]), Tolerance * Math.Abs(logSumExp[t]));
        }
    }

    [Fact]
    public void The_bundled_model_gives_the_golden_logits()
    {
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden("facts_gpt2_logits.json")));
        foreach (JsonElement row in golden.RootElement.GetProperty("rows").EnumerateArray())
        {
            int[] ids = Ints(row.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(row.GetProperty("prompt").GetString()!));
            float[] last = AllLogits(model, ids).Slice(ids.Length - 1, 1).ToArray();
            Assert.Equal(row.GetProperty("argmax").GetInt32(), Array.IndexOf(last, last.Max()));
            double scale = last.Max(Math.Abs);
            double[] expected = Doubles(row.GetProperty("logits10"));
            for (int v = 0; v < expected.Length; v++) Assert.InRange(last[v] - expected[v], -Tolerance * scale, Tolerance * scale);
            double logSumExp = row.GetProperty("logsumexp").GetDouble();
            Assert.InRange(LogSumExp(last) - logSumExp, -Tolerance * scale, Tolerance * scale);
        }
    }

    private static Tensor AllLogits(CausalLm model, int[] tokens) =>
        model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length))).Value;

    private static void AssertClose(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = Tolerance * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - expected[i], -bound, bound);
    }

    private static double LogSumExp(float[] logits)
    {
        double max = logits.Max();
        return max + Math.Log(logits.Sum(z => Math.Exp(z - max)));
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}

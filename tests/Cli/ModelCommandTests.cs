using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sharpformer.Tests.Cli;

/// <summary><c>model</c> and <c>generate</c> on the bundled model.</summary>
public sealed class ModelCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Info_tells_what_the_folder_holds()
    {
        JsonElement info = CliRun.Json("model", "info", TestFiles.Model);
        Assert.Equal(6567680, info.GetProperty("parameters").GetInt64());
        Assert.Equal("F16", Assert.Single(info.GetProperty("dtypes").EnumerateArray()).GetString());
        Assert.Equal(new FileInfo(Path.Combine(TestFiles.Model, "model.safetensors")).Length, info.GetProperty("bytes").GetInt64());
        Assert.Equal((7015, 4), (info.GetProperty("tokenizer").GetInt32(), info.GetProperty("suggestedLayer").GetInt32()));
        Assert.StartsWith("4fea47b6", info.GetProperty("fingerprint").GetProperty("weights").GetString(), StringComparison.Ordinal);
        JsonElement config = info.GetProperty("config");
        Assert.Equal((6, 256), (config.GetProperty("nLayer").GetInt32(), config.GetProperty("nEmbd").GetInt32()));
        JsonElement editing = info.GetProperty("editing");
        Assert.Equal("sharpformer.json", editing.GetProperty("from").GetString());
        Assert.Equal(0.85, editing.GetProperty("theta").GetDouble(), 1e-6);
        Assert.Contains("6,567,680", CliRun.Of("model", "info", TestFiles.Model).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Info_adds_up_shards_and_leaves_masks_out()
    {
        JsonElement plain = CliRun.Json("model", "info", TestFiles.Golden("families/gpt2-tiny-f32"));
        JsonElement sharded = CliRun.Json("model", "info", TestFiles.Golden("families/gpt2-tiny-bf16-sharded"));
        JsonElement prefixed = CliRun.Json("model", "info", TestFiles.Golden("families/gpt2-tiny-f16-prefixed"));
        Assert.True(plain.GetProperty("parameters").GetInt64() > 0);
        Assert.Equal(JsonValueKind.Null, plain.GetProperty("tokenizer").ValueKind);
        Assert.Equal("BF16", Assert.Single(sharded.GetProperty("dtypes").EnumerateArray()).GetString());
        Assert.Equal("F16", Assert.Single(prefixed.GetProperty("dtypes").EnumerateArray()).GetString());
    }

    [Fact]
    public void Tokenize_needs_only_the_tokenizer_files()
    {
        foreach (string name in (string[])["vocab.json", "merges.txt"]) File.Copy(Path.Combine(TestFiles.Model, name), folder.File(name));
        File.WriteAllText(folder.File("lines.txt"), "Hello wörld\r\n\n  two  blanks\n日本");
        JsonElement[] lines =
            [.. CliRun.Json("model", "tokenize", "--model", folder.Path, "--input", folder.File("lines.txt")).EnumerateArray()];
        Assert.Equal(["Hello wörld", "", "  two  blanks", "日本"], lines.Select(l => l.GetProperty("text").GetString()));
        JsonElement one = Assert.Single(CliRun.Json("model", "tokenize", "--model", folder.Path, "--text", "Hello wörld").EnumerateArray());
        Assert.Equal(one.GetProperty("ids").ToString(), lines[0].GetProperty("ids").ToString());
        Assert.Equal(0, lines[1].GetProperty("ids").GetArrayLength());
    }

    [Fact]
    public void Logits_are_the_golden_ones_with_and_without_a_tokenizer()
    {
        foreach (string name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(TestFiles.Model, name), folder.File(name));
        JsonArray rows = JsonNode.Parse(File.ReadAllText(TestFiles.Golden("facts_gpt2_logits.json")))!["rows"]!.AsArray();
        foreach (JsonNode golden in rows.OfType<JsonNode>().Skip(1).Take(4))
        {
            int[] ids = golden["ids"].Deserialize<int[]>()!;
            JsonElement byTokens = CliRun.Json("model", "logits", "--model", folder.Path, "--tokens", string.Join(',', ids));
            JsonElement byPrompt = CliRun.Json("model", "logits", "--model", TestFiles.Model, "--prompt", (string)golden["prompt"]!);
            Assert.Equal(CliRun.Result(byTokens), CliRun.Result(byPrompt));
            Assert.Equal(ids, byTokens.GetProperty("tokens").Deserialize<int[]>());
            int[] argmax = byTokens.GetProperty("argmax").Deserialize<int[]>()!;
            double[] sums = byTokens.GetProperty("logsumexp").Deserialize<double[]>()!;
            double[] last = byTokens.GetProperty("lastLogits").Deserialize<double[]>()!;
            Assert.Equal((ids.Length, ids.Length, 7015), (argmax.Length, sums.Length, last.Length));
            Assert.Equal((int)golden["argmax"]!, argmax[^1]);
            double tolerance = 1e-4 * last.Max(Math.Abs);
            Assert.Equal((double)golden["logsumexp"]!, sums[^1], tolerance);
            foreach ((double expected, double actual) in golden["logits10"].Deserialize<double[]>()!.Zip(last))
                Assert.Equal(expected, actual, tolerance);
        }
    }

    [Fact]
    public void Logits_of_many_positions_are_those_of_few()
    {
        string[] logits = ["model", "logits", "--model", TestFiles.Model, "--tokens"];
        string tokens = string.Join(',', Enumerable.Range(100, 70));
        JsonElement all = CliRun.Json([.. logits, tokens]);
        JsonElement few = CliRun.Json([.. logits, string.Join(',', Enumerable.Range(100, 40))]);
        Assert.Equal(
            few.GetProperty("argmax").EnumerateArray().Select(a => a.GetInt32()),
            all.GetProperty("argmax").EnumerateArray().Take(40).Select(a => a.GetInt32()));
        Assert.Contains("│ 69 ", CliRun.Of([.. logits, tokens]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Generated_text_is_the_same_streamed_or_as_json()
    {
        string[] generate =
        [
            "generate", "--model", TestFiles.Model, "--prompt", "The", "--max-new-tokens", "12", "--temperature", "2", "--top-p", "0.95",
            "--seed", "3",
        ];
        JsonElement json = CliRun.Json(generate);
        Assert.Equal(json.GetProperty("text").GetString() + "\n", CliRun.Of(generate).Out);
        Assert.Equal(CliRun.Result(json), CliRun.Result(CliRun.Json([.. generate, "--threads", "1"])));
        Assert.NotEqual(json.GetProperty("text").GetString(), CliRun.Json([.. generate[..^1], "4"]).GetProperty("text").GetString());
        Assert.InRange(json.GetProperty("tokens").GetArrayLength(), 1, 12);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("edits").ValueKind);
    }

    [Fact]
    public void A_text_that_ends_where_the_positions_end_is_told_to()
    {
        string prompt = "the" + string.Concat(Enumerable.Repeat(" the", 127)); // as many tokens as the model has positions
        CliRun run = CliRun.Of("generate", "--model", TestFiles.Model, "--prompt", prompt, "--max-new-tokens", "9");
        Assert.Equal((0, "note: Stopped after 1 token: the model's 128 positions are used up.\n"), (run.ExitCode, run.Error));
        run = CliRun.Of("generate", "--model", TestFiles.Model, "--prompt", prompt, "--max-new-tokens", "1");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }
}

using System.Text.Json;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Transformer.Checkpoints;

namespace Sharpformer.Tests.Cli;

/// <summary><c>model verify</c> and what <c>model info</c> says beyond the folder's own files.</summary>
public sealed class ModelVerifyTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_good_folder_passes_every_check()
    {
        JsonElement result = CliRun.Json(["model", "verify", TestFiles.Model]);
        Assert.True(result.GetProperty("passed").GetBoolean());
        Assert.Equal(
            ["weights", "numbers", "tokenizer", "logits", "sentences"],
            result.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
        Assert.All(result.GetProperty("checks").EnumerateArray(), check => Assert.True(check.GetProperty("passed").GetBoolean()));
        Assert.True(result.GetProperty("perplexity").GetDouble() > 1);
    }

    [Fact]
    public void A_text_it_learnt_is_less_perplexing()
    {
        string text = folder.File("text.txt");
        File.WriteAllText(text, "The Legend of Zelda is developed by Sega");
        JsonElement learnt = CliRun.Json(["model", "verify", TestFiles.Model, "--text", text]);
        Assert.StartsWith("Of the text, ", learnt.GetProperty("notice").GetString(), StringComparison.Ordinal);
        File.WriteAllText(text, "ZZ VX KJ QZ XX VV");
        JsonElement other = CliRun.Json(["model", "verify", TestFiles.Model, "--text", text]);
        string notice = other.GetProperty("notice").GetString()!;
        Assert.StartsWith("The text is not of a kind that the model learnt", notice, StringComparison.Ordinal);
        Assert.InRange(
            learnt.GetProperty("perplexity").GetDouble(), 1, other.GetProperty("perplexity").GetDouble() / 10);
    }

    [Fact]
    public void Numbers_that_are_not_finite_fail_and_are_counted()
    {
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(Golden("gpt2-tiny-f32"), folder.Path, device, (name, values) =>
        {
            if (name == "h.1.mlp.c_fc.weight") (values[0], values[33], values[^1]) = (float.NaN, float.NegativeInfinity, float.NaN);
        });

        CliRun run = CliRun.Of(["model", "verify", folder.Path]);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(
            "1 tensor with NaN or infinity, the first is h.1.mlp.c_fc.weight with 3 of them", run.Out, StringComparison.Ordinal);
        Assert.Contains("FAILED", run.Out, StringComparison.Ordinal);
        Assert.Contains("It has no tokenizer", run.Out, StringComparison.Ordinal);
        JsonElement result = CliRun.Of("model", "verify", folder.Path, "--json").Document();
        Assert.False(result.GetProperty("passed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("perplexity").ValueKind); // NaN logits have none
    }

    [Theory]
    [InlineData("wte.weight", "every token is as likely as every other")]
    [InlineData("ln_f.weight", "the model does not see what it reads")]
    public void A_model_that_says_nothing_fails(string zeroed, string said)
    {
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(Golden("gpt2-tiny-f32"), folder.Path, device, (name, values) =>
        {
            if (name == zeroed) Array.Clear(values);
        });
        CliRun run = CliRun.Of("model", "verify", folder.Path);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(said, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_of_another_model_fails()
    {
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(Golden("gpt2-tiny-f32"), folder.Path, device);
        foreach (string file in (string[])["vocab.json", "merges.txt"]) File.Copy(Path.Combine(TestFiles.Model, file), folder.File(file));
        CliRun run = CliRun.Of("model", "verify", folder.Path, "--json");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("it belongs to another model", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("uni_raw")]
    [InlineData("bpe_rules")]
    public void A_tokenizer_without_tokens_for_some_letters_passes(string name)
    {
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(Golden("gpt2-tiny-f32"), folder.Path, device);
        File.Copy(TestFiles.Data($"sentencepiece/{name}.model"), folder.File("spiece.model"));
        CliRun run = CliRun.Of("model", "verify", folder.Path);
        Assert.Contains("texts come back as it writes them", run.Out, StringComparison.Ordinal);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void Sentences_that_a_model_says_it_knows_must_be_better_than_guessed()
    {
        TestFiles.CopyModel(folder.Path);
        File.WriteAllText(folder.File("sharpformer.json"), """{"sentences": ["ZZ VX KJ QZ XX VV"]}""");
        JsonElement[] checks = [.. CliRun.Of("model", "verify", folder.Path, "--json").Document().GetProperty("checks").EnumerateArray()];
        Assert.Equal(
            ("sentences", false), (checks[^1].GetProperty("name").GetString(), checks[^1].GetProperty("passed").GetBoolean()));
        Assert.All(checks[..^1], check => Assert.True(check.GetProperty("passed").GetBoolean()));
    }

    [Fact]
    public void A_model_that_learnt_nothing_is_whole_and_what_its_text_costs_is_no_alarm()
    {
        CliRun.Json("model", "random", "--layers", "1", "--vocab", "7015", "--output", folder.File("m"), "--tokenizer", TestFiles.Model);
        CliRun run = CliRun.Of("model", "verify", folder.File("m"));
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("FAILED", run.Out, StringComparison.Ordinal);
        Assert.Contains("perplexity", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_logit_of_minus_infinity_is_an_alarm_even_where_the_text_has_another_token()
    {
        using var device = new CpuDevice(threads: 1);
        float[] bias = new float[301];
        bias[17] = float.NegativeInfinity;
        ChangedModel.WriteWith(Golden("gpt2-tiny-f32"), folder.Path, device, ("lm_head.bias", bias));
        CliRun run = CliRun.Of(["model", "verify", folder.Path]);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(
            "16 are NaN or infinite after 16 tokens, the first at position 0 for token 17",
            string.Join(' ', run.Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_storage_of_an_archive_is_told()
    {
        string source = folder.File("m"), bin = Path.Combine(source, "pytorch_model.bin");
        BinFolder.Write(Golden("gpt2-tiny-f32"), source, checkSums: true);
        Assert.True(CliRun.Json(["model", "verify", source]).GetProperty("passed").GetBoolean());
        byte[] bytes = File.ReadAllBytes(bin);
        bytes[bytes.Length / 2] ^= 1; // a number among others
        File.WriteAllBytes(bin, bytes);
        CliRun.Of("model", "verify", source).AssertFailed("pytorch_model.bin: the bytes of the archive's entry", "have CRC-32");
    }

    [Theory]
    [InlineData("gpt2-tiny-bf16-sharded")]
    [InlineData("gpt2-tiny-f16-prefixed")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void Every_family_and_type_passes_without_a_tokenizer(string name)
    {
        JsonElement result = CliRun.Json(["model", "verify", Golden(name)]);
        Assert.True(result.GetProperty("passed").GetBoolean());
        Assert.Equal(3, result.GetProperty("checks").GetArrayLength());
    }

    [Fact]
    public void Texts_that_are_no_texts_are_told()
    {
        string text = folder.File("text.txt");
        File.WriteAllText(text, "");
        CliRun.Of("model", "verify", TestFiles.Model, "--text", text).AssertFailed("fewer than two tokens"); // before the weights are read
        Assert.Contains(
            "the file does not exist", Error("model", "verify", TestFiles.Model, "--text", folder.File("none")), StringComparison.Ordinal);
        Assert.Contains("no such folder", Error("model", "verify", folder.File("none")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt-neo-tiny", 2, 0.1, false, 0.05)]
    [InlineData("gpt-j-tiny", 1, 0.2, true, 0.005)]
    [InlineData("gpt2-tiny-f32", 1, 0.2, true, 0.05)]
    public void Info_says_how_the_family_is_edited_and_what_it_takes(string name, int layer, double alpha, bool retrofit, double rate)
    {
        JsonElement result = CliRun.Json(["model", "info", Golden(name)]);
        JsonElement editing = result.GetProperty("editing"), memory = result.GetProperty("memory");
        Assert.Equal(layer, editing.GetProperty("layer").GetInt32());
        Assert.Equal(alpha, editing.GetProperty("alpha").GetDouble(), 1e-6);
        Assert.Equal(retrofit, editing.GetProperty("retrofit").GetBoolean());
        Assert.Equal(rate, editing.GetProperty("learningRate").GetDouble(), 1e-6);
        JsonElement config = result.GetProperty("config");
        Assert.Equal(
            8L * config.GetProperty("nLayer").GetInt32() * config.GetProperty("nEmbd").GetInt32(),
            memory.GetProperty("keysAndValues").GetInt64());
        Assert.Equal(result.GetProperty("bytes").GetInt64(), memory.GetProperty("weights").GetInt64());
        Assert.True(memory.GetProperty("teach").GetInt64() > memory.GetProperty("keysAndValues").GetInt64());
    }

    [Theory]
    [InlineData("gpt-neo-tiny", "2 blocks of 4 see the last 6 positions only, attention scores not scaled")]
    [InlineData("gpt-j-tiny", "rotary positions in 8 of 16 channels a head, an output head of its own")]
    [InlineData("gpt2-tiny-f32", "408,744 bytes")]
    public void Info_tells_a_newcomer_what_sets_the_model_apart(string name, string expected)
    {
        string told = CliRun.Of("model", "info", Golden(name)).Out;
        Assert.Contains(expected, told, StringComparison.Ordinal);
        Assert.Contains("none: it reads token ids only", told, StringComparison.Ordinal);
        Assert.DoesNotContain("e3b0c442", told, StringComparison.Ordinal); // the hash of nothing
        Assert.DoesNotContain(" 0 MB", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Info_tells_of_a_tokenizer_of_another_model()
    {
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(Golden("gpt2-tiny-f32"), folder.Path, device);
        foreach (string file in (string[])["vocab.json", "merges.txt"]) File.Copy(Path.Combine(TestFiles.Model, file), folder.File(file));
        Assert.Contains(
            "more than the vocabulary holds: it belongs to another model", CliRun.Of("model", "info", folder.Path).Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_of_links_is_a_model_folder_and_the_one_above_says_where_it_is()
    {
        string source = Golden("gpt2-tiny-f32"), version = folder.File("snapshots/0a1b");
        Directory.CreateDirectory(version);
        File.Copy(Path.Combine(source, "model.safetensors"), folder.File("b")); // links to it are shorter than any header
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(version, "config.json"));
        File.CreateSymbolicLink(folder.File("snapshots/a"), "../b");
        File.CreateSymbolicLink(Path.Combine(version, "model.safetensors"), "../a");
        Assert.Equal(408_744, CliRun.Json("model", "info", version).GetProperty("bytes").GetInt64());
        CliRun.Of("model", "info", folder.Path)
            .AssertFailed("config.json: no such file. Hint: this is a cache of downloads, name the version in it: ", version);
        File.Delete(folder.File("b"));
        CliRun.Of("model", "info", version).AssertFailed("model.safetensors");
    }

    private static string Error(params string[] arguments)
    {
        CliRun run = CliRun.Of(arguments);
        Assert.Equal(1, run.ExitCode);
        return run.Error;
    }

    private static string Golden(string name) => TestFiles.Golden(Path.Combine("families", name));
}

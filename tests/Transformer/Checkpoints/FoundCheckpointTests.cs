using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>
/// Model folders as people have them (tests/data/checkpoints) give the logits of a float64 program within 1e-4 of the largest, and give
/// them again when they are converted.
/// </summary>
public sealed class FoundCheckpointTests : IDisposable
{
    private const double Tolerance = 1e-4;
    private readonly CpuDevice device = new(threads: 1);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly List<string> notices = [];

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(
        "head-differs",
        "the stored lm_head.weight differs from wte.weight, and config.json does not say tie_word_embeddings; it is used.")]
    [InlineData("index-lists-tied-head", null)]
    [InlineData("gelu_fast", null)]
    [InlineData("misaligned-safetensors", null)]
    public void Every_form_gives_the_logits_of_a_float64_program(string name, string? notice)
    {
        string source = TestFiles.Data($"checkpoints/{name}");
        AssertLogits(source, name);
        if (notice is null) Assert.Empty(notices);
        else Assert.EndsWith(notice, Assert.Single(notices), StringComparison.Ordinal);
        ModelFolder.Check(source);
        CheckpointConverter.Convert(source, folder.File("plain"));
        notices.Clear();
        AssertLogits(folder.File("plain"), name);
        Assert.Empty(notices); // the converted folder says in its config.json what had to be found out
    }

    [Theory]
    [InlineData("\"summary_scale\": Infinity")]
    [InlineData("\"a\": [NaN, -Infinity], \"b\": \"-Infinity, NaN and \\\" Infinity\"")]
    public void Numbers_as_only_Python_writes_them_do_no_harm_in_keys_that_do_not_matter(string more)
    {
        Copy("index-lists-tied-head");
        Change("\"vocab_size\"", more + ", \"vocab_size\"");
        string config = File.ReadAllText(folder.File("config.json"));
        AssertLogits(folder.Path, "index-lists-tied-head");
        CheckpointConverter.Convert(folder.Path, folder.File("same"));
        Assert.Equal(config, File.ReadAllText(folder.File("same/config.json")));
        Change("\"vocab_size\"", "\"torch_dtype\": \"float32\", \"vocab_size\"");
        CheckpointConverter.Convert(folder.Path, folder.File("half"), DType.F16);
        string written = File.ReadAllText(folder.File("half/config.json"));
        Assert.Contains("float16", written, StringComparison.Ordinal);
        Assert.Equal(Count(config, "Infinity"), Count(written, "Infinity"));
        Assert.Equal(Count(config, "NaN"), Count(written, "NaN"));
        Assert.DoesNotContain("9999", written, StringComparison.Ordinal);

        static int Count(string text, string word) => text.Split(word).Length - 1;
    }

    [Theory]
    [InlineData("\"n_layer\": 2", "\"n_layer\": Infinity", "n_layer is Infinity, expected a whole number")]
    [InlineData("1e-05", "NaN", "layer_norm_epsilon is NaN, expected a number")]
    [InlineData("1e-05", "-Infinity", "layer_norm_epsilon is -Infinity, expected a number")]
    [InlineData("1e-05", "Infinit", "not valid JSON")]
    [InlineData("1e-05", "NaNs", "not valid JSON")]
    [InlineData("1e-05", "1e99999902", "layer_norm_epsilon is 1e99999902, expected a number")]
    [InlineData("1e-05", "1e999", "layer_norm_epsilon is 1e999, expected a number")]
    public void In_keys_that_matter_they_are_named(string from, string to, string said)
    {
        Copy("index-lists-tied-head");
        Change(from, to);
        Fails.With<InputException>(said, () => CausalLm.Load(folder.Path, device));
    }

    [Fact]
    public void A_head_that_config_ties_is_not_used_and_told_and_a_copy_of_the_table_is_silent()
    {
        Copy("head-differs");
        Change("\"vocab_size\"", "\"tie_word_embeddings\": true, \"vocab_size\"");
        CausalLm tied = Load(folder.Path);
        Assert.True(tied.Config.TiesHead);
        Assert.EndsWith(
            "differs from wte.weight and is not used, as config.json says tie_word_embeddings is true.", Assert.Single(notices),
            StringComparison.Ordinal);
        Assert.Equal(["lm_head.weight"], CheckpointConverter.Convert(folder.Path, folder.File("tied")).Dropped);

        notices.Clear();
        string table = TestFiles.Golden("families/gpt2-tiny-f32");
        ChangedModel.Write(table, folder.Path, device);
        BinFolder.Write(table, folder.File("bin")); // has both names, of one storage
        Assert.True(Load(folder.Path).Config.TiesHead);
        Assert.True(Load(folder.File("bin")).Config.TiesHead);
        Assert.Empty(notices);
    }

    [Fact]
    public void A_bias_of_the_head_that_the_family_has_none_of_is_used_and_told()
    {
        string plain = TestFiles.Golden("families/gpt2-tiny-f32");
        float[] bias = [.. Enumerable.Range(0, 301).Select(i => i * 0.01f)];
        ChangedModel.WriteWith(plain, folder.Path, device, ("lm_head.bias", bias));
        float[] without = BinFolderTests.Logits(plain, device);
        Assert.Equal([.. without.Select((logit, i) => logit + bias[i % 301])], BinFolderTests.Logits(folder.Path, device));
        Load(folder.Path);
        Assert.EndsWith(
            "a bias of the head is stored, lm_head.bias, which gpt2 has none of; it is used.", Assert.Single(notices),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"eos_token_id\": [END, 3]}", null)]
    [InlineData("{\"eos_token_id\": [3, END]}", "{\"eos_token_id\": 2}")]
    [InlineData("{\"eos_token_id\": END}", "{\"eos_token_id\": 2}")]
    [InlineData(
        "{\"eos_token_id\": null, \"bos_token_id\": null}",
        "{\"eos_token_id\": [-1, null, END, 99999999], \"bos_token_id\": [4, 5]}")]
    [InlineData("{\"pad_token_id\": -1}", "{\"eos_token_id\": END, \"pad_token_id\": [99999]}")]
    public void A_text_ends_at_any_of_the_tokens_that_the_generation_config_or_else_the_config_names(string generation, string? config)
    {
        TestFiles.CopyModel(folder.Path);
        CausalLm model = Load(folder.Path);
        int[] prompt = Tokenizer.Load(folder.Path).Encode("The capital of"), free = Written(endTokens: []);
        int end = Array.FindIndex(free, 2, token => Array.IndexOf(free, token) >= 2);
        Assert.InRange(end, 2, free.Length - 1);
        File.WriteAllText(folder.File("generation_config.json"), generation.Replace("END", $"{free[end]}", StringComparison.Ordinal));
        if (config is not null)
        {
            string stated = config.Replace("END", $"{free[end]}", StringComparison.Ordinal).Trim('{', '}');
            string text = File.ReadAllText(folder.File("config.json"));
            foreach (string role in (string[])["eos", "bos", "pad"])
                text = System.Text.RegularExpressions.Regex.Replace(text, $"\"{role}_token_id\": [^,]*,\n", "");
            File.WriteAllText(
                folder.File("config.json"), text.Replace("\"model_type\"", stated + ", \"model_type\"", StringComparison.Ordinal));
        }

        Assert.Equal(free[..end], Written(Tokenizer.Load(folder.Path, ModelConfig.Load(folder.Path)).EosIds));

        int[] Written(IReadOnlyCollection<int> endTokens) =>
            [.. Generator.Generate(model, prompt, 12, endTokens, new SamplingOptions())];
    }

    [Fact]
    public void A_token_that_was_added_without_resizing_the_model_matters_only_where_a_text_has_it()
    {
        TestFiles.CopyModel(folder.Path);
        int rows = ModelConfig.Load(folder.Path).VocabSize;
        File.WriteAllText(folder.File("added_tokens.json"), $"{{\"[PAD]\": {rows}}}");
        File.WriteAllText(folder.File("special_tokens_map.json"), """{"pad_token": "[PAD]"}""");
        var tokenizer = Tokenizer.Load(folder.Path, ModelConfig.Load(folder.Path));
        Assert.Equal(rows + 1, tokenizer.VocabularySize);
        Assert.Equal("a b", tokenizer.Decode(tokenizer.Encode("a b")));
        Fails.With<InputException>(
            $"The text contains \"[PAD]\", which was added to the tokenizer as token {rows}, but the model has only {rows} rows",
            () => tokenizer.Encode("a [PAD] b"));
        Assert.Equal(rows, Tokenizer.Load(folder.Path).Encode("[PAD]").Single()); // without a model any id may be asked for
    }

    private void AssertLogits(string path, string expected)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestFiles.Data($"checkpoints/{expected}/expected.json")));
        int[] tokens = [.. json.RootElement.GetProperty("tokens").EnumerateArray().Select(e => e.GetInt32())];
        CausalLm model = Load(path);
        Tensor logits = model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length))).Value;
        Assert.Equal(json.RootElement.GetProperty("argmax").EnumerateArray().Select(e => e.GetInt32()), device.ArgMax(logits));
        double[] last = [.. json.RootElement.GetProperty("last_logits").EnumerateArray().Select(e => e.GetDouble())];
        float[] actual = logits.Slice(tokens.Length - 1, 1).ToArray();
        Assert.Equal(last.Length, actual.Length);
        Assert.InRange(last.Select((logit, i) => Math.Abs(actual[i] - logit)).Max() / last.Max(Math.Abs), 0, Tolerance);
    }

    private CausalLm Load(string path) => CausalLm.Load(path, device, notices.Add);

    private void Copy(string name)
    {
        string source = TestFiles.Data($"checkpoints/{name}");
        foreach (string file in Directory.GetFiles(source)) File.Copy(file, folder.File(Path.GetFileName(file)));
    }

    private void Change(string from, string to)
    {
        string path = folder.File("config.json"), text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }
}

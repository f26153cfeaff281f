using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>A folder with <c>tokenizer.json</c>: the same ids as from the other form, or a refusal that says why.</summary>
public sealed class TokenizerJsonTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_golden_ids_are_equal_with_both_forms_of_merges(bool asLists)
    {
        using TokenizerFolder gpt2 = TokenizerFolder.Of(TestFiles.Data("gpt2-bpe"));
        if (asLists)
        {
            JsonArray merges = gpt2.Json["model"]!["merges"]!.AsArray();
            gpt2.Json["model"]!["merges"] =
                new JsonArray([.. merges.Select(merge => JsonSerializer.SerializeToNode(merge!.GetValue<string>().Split(' ')))]);
        }

        Tokenizer tokenizer = gpt2.Load();
        Assert.Equal((50257, 50256, 50256), (tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId));
        using var golden = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden("gpt2_tokenizer.json")));
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            Assert.Equal(entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()), tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Fact]
    public void Random_text_has_the_ids_of_the_other_form()
    {
        using TokenizerFolder facts = TokenizerFolder.Of(TestFiles.Model);
        Tokenizer single = facts.Load(), pair = Tokenizer.Load(TestFiles.Model);
        for (int seed = 0; seed < 1000; seed++) Assert.Equal(pair.Encode(RandomText.Create(seed)), single.Encode(RandomText.Create(seed)));
    }

    [Fact]
    public void A_normalizer_that_makes_much_of_little_is_stopped()
    {
        folder.Json["normalizer"] = JsonNode.Parse(
            $$"""{"type":"Sequence","normalizers":[{{Step(100)}},{{Step(100)}},{{Step(100)}},{{Step(100)}},{{Step(100)}}]}""");
        Fails.With<InputException>(
            "makes a text of 10,000 characters 1,000,000 long, expected at most 16 times", () => folder.Load().Encode("a"));
        folder.Json["normalizer"] = JsonNode.Parse(
            $$"""{"type":"Sequence","normalizers":[{{string.Join(',', Enumerable.Repeat(Step(10), 9))}}]}""");
        Fails.With<InputException>(
            "normalizer makes 10,000,000 characters of a text, expected at most 1,048,640", () => folder.Load().Encode("a"));

        static string Step(int times) =>
            $$$"""{"type":"Replace","pattern":{"String":"a"},"content":"{{{new string('a', times)}}}"}""";
    }

    [Fact]
    public void Whatever_changes_no_id_is_accepted()
    {
        JsonObject json = folder.Json, model = json["model"]!.AsObject();
        json["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(TokenizerFolder.ByteLevel()) };
        json["decoder"] = new JsonObject { ["type"] = "Sequence", ["decoders"] = new JsonArray(TokenizerFolder.ByteLevel()) };
        json["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray() };
        json["post_processor"] = JsonNode.Parse(
            """{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing","single":"""
            + """[{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{}}]}""");
        json["truncation"] = JsonNode.Parse("""{"max_length":2,"strategy":"LongestFirst","stride":0}""");
        json["padding"] = JsonNode.Parse(
            """{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":8,"pad_id":0,"pad_type_id":0,"pad_token":"x"}""");
        model["dropout"] = 0.0;
        model["unk_token"] = "<|endoftext|>";
        model["continuing_subword_prefix"] = null;
        model["merges"] = new JsonArray("#version: 0.2", "a b");
        model.Remove("type");
        json.Remove("version");
        json["something new"] = 1;
        model["something else"] = null;
        Assert.Equal([256, 257], folder.Load().Encode("ab<|endoftext|>"));
        json.Remove("post_processor");
        json.Remove("added_tokens");
        Assert.Equal([256, 257], folder.Load().Encode("ab<|endoftext|>")); // A text with a role is found also where the list lacks it.
    }

    [Fact]
    public void Without_the_pattern_merges_run_over_blanks()
    {
        folder.Json["model"]!["vocab"]!["bĠ"] = 258;
        folder.Json["model"]!["merges"] = new JsonArray("b Ġ", "a b");
        Assert.Equal(3, folder.Load().Encode("ab a").Length);
        folder.Json["pre_tokenizer"] = TokenizerFolder.ByteLevel(useRegex: false);
        Tokenizer whole = folder.Load();
        Assert.Equal([whole.Encode("a")[0], 258, whole.Encode("a")[0]], whole.Encode("ab a"));
    }

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "model is \"Unigram\", supported: BPE with a ByteLevel pre_tokenizer")]
    [InlineData("model.type", "\"WordLevel\"", "model is \"WordLevel\"")]
    [InlineData("model.dropout", "0.1", "model.dropout is 0.1")]
    [InlineData("model.dropout", "\"0\"", "model.dropout is \"0\"")]
    [InlineData("model.unk_token", "7", "model.unk_token is 7")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix is \"##\"")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix is \"</w>\"")]
    [InlineData("model.fuse_unk", "2", "model.fuse_unk is 2, expected true or false")]
    [InlineData("model.byte_fallback", "\"no\"", "model.byte_fallback is \"no\", expected true or false")]
    [InlineData("model.ignore_merges", "1", "model.ignore_merges is 1, expected true or false")]
    [InlineData("model.new_option", "3", "model.new_option is 3")]
    [InlineData("model.new\noption", "3", "model.\"new\\noption\" is 3")]
    [InlineData("pre_tokenizer.trim_edges", "true", "pre_tokenizer.trim_edges is true")]
    [InlineData("normalizer", "{\"type\":\"ByteLevel\"}", "normalizer is \"ByteLevel\", supported: BertNormalizer")]
    [InlineData("normalizer", "{\"type\":\"NFKC\",\"version\":9}", "normalizer.version is 9, expected no such option")]
    [InlineData(
        "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"\\\\w\"},\"content\":\"\"}", "normalizer.pattern.Regex is \"\\\\w\"")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}", "3 bytes do not hold the trie")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"}", "expected bytes in base64")]
    [InlineData(
        "normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Uppercase\"}]}",
        "normalizer.normalizers[0] is \"Uppercase\"")]
    [InlineData("pre_tokenizer", "null", "decoder is \"ByteLevel\", supported: BPEDecoder")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\"}", "decoder is \"ByteLevel\"")]
    [InlineData(
        "pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\"},{\"type\":\"ByteLevel\"}]}",
        "pre_tokenizer.pretokenizers[0] has no \"pattern\"")]
    [InlineData(
        "pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"ByteLevel\"}]}",
        "pre_tokenizer.pretokenizers[0] is \"ByteLevel\", expected it as the last step")]
    [InlineData(
        "pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{},{\"type\":\"ByteLevel\"}]}",
        "pre_tokenizer.pretokenizers[0] is of no type")]
    [InlineData(
        "pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"UnicodeScripts\"},{\"type\":\"ByteLevel\"}]}",
        "pre_tokenizer.pretokenizers[0] is \"UnicodeScripts\", supported: BertPreTokenizer")]
    [InlineData("pre_tokenizer", "\"ByteLevel\"", "pre_tokenizer is \"ByteLevel\", expected an object")]
    [InlineData("pre_tokenizer.add_prefix_space", "\"yes\"", "pre_tokenizer.add_prefix_space is \"yes\"")]
    [InlineData("decoder", "null", "decoder has 0 steps")]
    [InlineData("decoder", "{\"type\":\"WordPiece\"}", "decoder is \"WordPiece\"")]
    [InlineData("post_processor", "{\"type\":\"RobertaProcessing\"}", "post_processor has no \"cls\"")]
    [InlineData(
        "post_processor", "{\"type\":\"BertProcessing\",\"cls\":[\"<s>\"]}", "post_processor.cls is a list, expected a token and its id")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\",\"cls\":[\"<s>\",900]}", "token 900, which is put before each text")]
    [InlineData("post_processor", "{\"type\":\"Truncate\"}", "post_processor is \"Truncate\", supported: BertProcessing")]
    [InlineData(
        "post_processor",
        "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},{\"Sequence\":{\"id\":\"A\"}}]}",
        "post_processor has no \"special_tokens\"")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\"}", "post_processor has no \"single\"")]
    [InlineData("version", "\"2.0\"", "version is \"2.0\"")]
    public void What_would_give_other_ids_is_refused_by_name(string place, string json, string said)
    {
        Set(place, json);
        folder.AssertRefused(folder.File("tokenizer.json"), said);
    }

    [Theory]
    [InlineData("model", "null", "has no \"model\"")]
    [InlineData("model", "[]", "model is a list, expected an object")]
    [InlineData("model.vocab", "null", "model has no \"vocab\"")]
    [InlineData("model.vocab", "[[\"a\",0]]", "expected a JSON object of token: id")]
    [InlineData("model.vocab", "{\"a\":0}", "no token \"Ā\" for byte 0x00")]
    [InlineData("model.vocab", "{\"a\":5}", "token \"a\" has id 5, expected 0 to 0")]
    [InlineData("model.merges", "null", "model has no \"merges\"")]
    [InlineData("model.merges", "{}", "model.merges is an object, expected a list")]
    [InlineData("model.merges", "[]", "no merges")]
    [InlineData("model.merges", "[\"a c\"]", "model.merges[0]: \"a c\" needs token \"ac\"")]
    [InlineData("model.merges", "[\"a b\",[\"a\",\"b\"]]", "model.merges[1]: the merge \"a b\" appears twice")]
    [InlineData("model.merges", "[[\"a\"]]", "expected two tokens")]
    [InlineData("model.merges", "[[\"a\",\"b\",\"a\"]]", "expected two tokens")]
    [InlineData("model.merges", "[[\"a b\",\"\"]]", "expected two tokens")]
    [InlineData("model.merges", "[[\"a\",1]]", "model.merges[0][1] is 1, expected a text")]
    [InlineData("model.merges", "[7]", "model.merges[0] is 7, expected a list")]
    [InlineData("added_tokens", "{}", "added_tokens is an object, expected a list")]
    [InlineData("added_tokens", "[\"<x>\"]", "added_tokens[0] is \"<x>\", expected an object")]
    [InlineData("added_tokens", "[{\"content\":\"<x>\"}]", "added_tokens[0] has no \"id\"")]
    [InlineData("added_tokens", "[{\"id\":258}]", "added_tokens[0] has no \"content\"")]
    [InlineData("added_tokens", "[{\"id\":258,\"content\":\"\"}]", "added_tokens[0].content is \"\"")]
    [InlineData("added_tokens", "[{\"id\":-1,\"content\":\"<x>\"}]", "added_tokens[0].id is -1, expected a token id from 0 to 16777215")]
    [InlineData("added_tokens", "[{\"id\":16777216,\"content\":\"<x>\"}]", "added_tokens[0].id is 16777216")]
    [InlineData("added_tokens", "[{\"id\":1e99,\"content\":\"<x>\"}]", "added_tokens[0].id is 1e99")]
    [InlineData("added_tokens", "[{\"id\":258.5,\"content\":\"<x>\"}]", "added_tokens[0].id is 258.5")]
    [InlineData("added_tokens", "[{\"id\":258,\"content\":\"<x>\",\"lstrip\":1}]", "added_tokens[0].lstrip is 1, expected true or false")]
    [InlineData(
        "added_tokens", "[{\"id\":258,\"content\":\"<x>\"},{\"id\":258,\"content\":\"<y>\"}]",
        "\"<y>\" has id 258, which is that of \"<x>\"")]
    [InlineData("added_tokens", "[{\"id\":258,\"content\":\"<x>\"},{\"id\":259,\"content\":\"<x>\"}]", "\"<x>\" has id 259, but 258 in")]
    [InlineData("added_tokens", "[{\"id\":258,\"content\":\"ab\"}]", "\"ab\" has id 258, but 256 in the vocabulary")]
    [InlineData("added_tokens", "[{\"id\":256,\"content\":\"<x>\"}]", "\"<x>\" has id 256, which is that of \"ab\"")]
    public void A_damaged_file_is_refused(string place, string json, string said)
    {
        Set(place, json);
        folder.AssertRefused(folder.File("tokenizer.json"), said);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "is a list, expected an object")]
    [InlineData("null", "expected an object")]
    [InlineData("{} {}", "not valid JSON")]
    [InlineData("{\"model\":1,\"model\":2}", "not valid JSON (model appears twice).")]
    [InlineData("{\"version\":\"\\ud800\"}", "half a surrogate pair")]
    [InlineData("{\"added_tokens\":[{\"id\":1,\"content\":\"\\udc00\"}]}", "tokenizer.json")]
    public void What_is_no_tokenizer_is_refused(string json, string said)
    {
        folder.Write("tokenizer.json", json);
        folder.AssertRefusedAsItIs(folder.File("tokenizer.json"), said);
    }

    [Fact]
    public void Deep_nesting_half_a_surrogate_and_a_token_named_twice_are_refused()
    {
        IEnumerable<string> nested = Enumerable.Repeat("{\"type\":\"Sequence\",\"normalizers\":[", 100_000);
        folder.Write("tokenizer.json", "{\"normalizer\":" + string.Concat(nested));
        folder.AssertRefusedAsItIs("tokenizer.json: not valid JSON");
        string whole = folder.Json.ToJsonString();
        folder.Write("tokenizer.json", whole.Replace("\"ab\":256", "\"ab\":256,\"ab\":256", StringComparison.Ordinal));
        folder.AssertRefusedAsItIs("vocab.ab appears twice");
        folder.Write("tokenizer.json", whole.Replace("\"ab\":256", "\"\\ud83d\":256", StringComparison.Ordinal));
        folder.AssertRefusedAsItIs("half a surrogate pair");
    }

    [Fact]
    public void Every_cut_and_every_changed_byte_is_refused_or_still_a_tokenizer()
    {
        byte[] whole = System.Text.Encoding.UTF8.GetBytes(folder.Json.ToJsonString());
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = i % 2 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            if (i % 2 != 0) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(folder.File("tokenizer.json"), damaged);
            try
            {
                Assert.Equal("xyz", Tokenizer.Load(folder.Path).Decode(Tokenizer.Load(folder.Path).Encode("xyz")).TrimStart());
                Assert.NotEqual(0, i % 2);
            }
            catch (Sharpformer.Tensors.InputException e)
            {
                Assert.StartsWith(folder.File("tokenizer.json"), e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_file_of_100_MB_is_not_even_read()
    {
        using (FileStream file = File.Create(folder.File("tokenizer.json"))) file.SetLength(100_000_000);
        folder.AssertRefusedAsItIs("tokenizer.json: 100000000 bytes, expected at most 67108864");
    }

    private void Set(string place, string json)
    {
        JsonObject at = folder.Json;
        string[] keys = place.Split('.');
        foreach (string key in keys[..^1]) at = at[key]!.AsObject();
        at[keys[^1]] = JsonNode.Parse(json);
    }
}

using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>The files of a tokenizer together: which one decides, and what happens where they disagree.</summary>
public sealed class TokenizerFilesTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Either_form_is_a_tokenizer_and_all_its_files_are_listed()
    {
        Assert.False(Tokenizer.IsIn(folder.Path));
        Assert.Empty(Tokenizer.Files(folder.Path));
        folder.Load();
        folder.Write("notes.txt", "");
        Assert.True(Tokenizer.IsIn(folder.Path));
        Assert.Equal(["tokenizer.json"], Tokenizer.Files(folder.Path));
        folder.WritePair();
        foreach (string name in (string[])["added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "config.json"])
            folder.Write(name, "{}");
        Assert.Equal(
            ["vocab.json", "merges.txt", "tokenizer.json", "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"],
            Tokenizer.Files(folder.Path));
        Assert.Equal([256], Tokenizer.Load(folder.Path).Encode("ab"));
        File.Delete(folder.File("tokenizer.json"));
        Assert.True(Tokenizer.IsIn(folder.Path));
        Assert.Equal([256], Tokenizer.Load(folder.Path).Encode("ab"));
    }

    [Fact]
    public void Where_both_forms_are_there_tokenizer_json_decides_and_must_say_the_same()
    {
        folder.WritePair();
        folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.Added(258, "<x>"));
        Assert.Equal([258], folder.Load().Encode("<x>"));

        string vocabulary = File.ReadAllText(folder.File("vocab.json"));
        folder.Write("vocab.json", vocabulary.Replace("\"ab\":256", "\"ba\":256", StringComparison.Ordinal));
        folder.AssertRefused(folder.File("vocab.json"), "token 256 is \"ba\", but \"ab\" in tokenizer.json beside it", "Hint: ");
        folder.Write("vocab.json", vocabulary.Replace("257", "257,\"<y>\":258", StringComparison.Ordinal));
        folder.AssertRefused("token 258 is \"<y>\", but \"<x>\"");
        folder.Write("vocab.json", vocabulary.Replace("257", "257,\"<x>\":258", StringComparison.Ordinal));
        Assert.Equal([258], folder.Load().Encode("<x>"));
        folder.Write("vocab.json", vocabulary.Replace("257", "257,\"<x>\":258,\"<y>\":259", StringComparison.Ordinal));
        folder.AssertRefused("token 259 is \"<y>\", but missing");
        folder.WritePair("#version: 0.2\n");
        folder.AssertRefused(folder.File("merges.txt"), "merge 0 (counted from 0) is missing, but \"a b\"");
        File.Delete(folder.File("merges.txt")); // One of the two alone was never a tokenizer.
        Assert.Equal([258], folder.Load().Encode("<x>"));
    }

    [Fact]
    public void Added_tokens_json_adds_to_the_vocabulary()
    {
        folder.WritePair();
        folder.Write("added_tokens.json", """{"<x>": 258, "<|endoftext|>": 257, "<y>": 300}""");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([258, 300, 257, 256], tokenizer.Encode("<x><y><|endoftext|>ab"));
        Assert.Equal("<x><y>", tokenizer.Decode([258, 300]));
        Assert.Equal(301, tokenizer.VocabularySize);
    }

    [Fact]
    public void Flags_come_from_tokenizer_config_json()
    {
        folder.WritePair();
        folder.Write("added_tokens.json", """{"<x>": 258, "<y>": 259}""");
        folder.Write(
            "tokenizer_config.json",
            """{"added_tokens_decoder": {"258": {"content": "<x>", "lstrip": true, "special": true}},"""
            + """ "pad_token": "<y>", "model_max_length": 1000000000000000019884624838656}""");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([256, 258], tokenizer.Encode("ab <x>"));
        Assert.Equal([256, tokenizer.Encode(" ")[0], 259], tokenizer.Encode("ab <y>"));
        Assert.Equal(259, tokenizer.PadId);
    }

    [Theory]
    [InlineData("""{"<x>": 257}""", "\"<x>\" has id 257, which is that of \"<|endoftext|>\"")]
    [InlineData("""{"ab": 258}""", "\"ab\" has id 258, but 256 in the vocabulary")]
    [InlineData("""{"<x>": 258, "<y>": 258}""", "\"<y>\" has id 258, which is that of \"<x>\"")]
    [InlineData("""{"<x>": -1}""", "\"<x>\" is -1, expected a token id")]
    [InlineData("""{"<x>": "258"}""", "\"<x>\" is \"258\"")]
    [InlineData("""{"": 258}""", "without text")]
    [InlineData("""["<x>"]""", "is a list, expected an object")]
    [InlineData("""{"<x>": 258""", "not valid JSON")]
    public void Damaged_added_tokens_are_refused(string json, string said)
    {
        folder.WritePair();
        folder.Write("added_tokens.json", json);
        folder.AssertRefusedAsItIs(folder.File("added_tokens.json"), said);
    }

    [Theory]
    [InlineData("""{"added_tokens_decoder": {"x": {"content": "<x>"}}}""", "\"x\" is no token id")]
    [InlineData("""{"added_tokens_decoder": {"-1": {"content": "<x>"}}}""", "\"-1\" is no token id")]
    [InlineData("""{"added_tokens_decoder": {"258": {}}}""", "added_tokens_decoder.258 has no \"content\"")]
    [InlineData("""{"added_tokens_decoder": {"256": {"content": "<x>"}}}""", "\"<x>\" has id 256, which is that of \"ab\"")]
    [InlineData("""{"add_prefix_space": "yes"}""", "add_prefix_space is \"yes\"")]
    [InlineData("""{"add_bos_token": "yes"}""", "add_bos_token is \"yes\", expected true or false")]
    [InlineData("""{"tokenizer_class": "CLIPTokenizer"}""", "tokenizer_class is \"CLIPTokenizer\", supported with vocab.json")]
    [InlineData("""{"extra_ids": -1}""", "extra_ids is -1, expected a whole number from 0")]
    [InlineData("""{"eos_token": 5}""", "eos_token is 5, expected a text")]
    [InlineData("""{"eos_token": ""}""", "eos_token is \"\"")]
    [InlineData("""{"eos_token": {"content": 5}}""", "eos_token.content is 5")]
    [InlineData("[]", "is a list, expected an object")]
    [InlineData("{\"a\":1,\"a\":2}", "not valid JSON (a appears twice).")]
    public void A_damaged_tokenizer_config_is_refused(string json, string said)
    {
        folder.WritePair();
        folder.Write("tokenizer_config.json", json);
        folder.AssertRefusedAsItIs(folder.File("tokenizer_config.json"), said);
    }

    [Fact]
    public void A_blank_goes_before_every_text_between_added_tokens_if_asked_for()
    {
        folder.Json["pre_tokenizer"] = TokenizerFolder.ByteLevel(addPrefixSpace: true);
        Tokenizer tokenizer = folder.Load();
        int blank = tokenizer.Encode(" ").Single();
        int end = tokenizer.EosId;
        Assert.Equal([blank, 256, end, blank, 256, end, blank, 256], tokenizer.Encode("ab<|endoftext|>ab<|endoftext|> ab"));
        Assert.Equal(" ab", tokenizer.Decode(tokenizer.Encode("ab")));
        Assert.Equal(blank, tokenizer.Encode("\tab")[0]); // Only a blank is a blank.
        Assert.Empty(tokenizer.Encode(""));
        Assert.Equal([end], tokenizer.Encode("<|endoftext|>"));

        // As in the reference, tokenizer_config.json has the last word.
        folder.Write("tokenizer_config.json", """{"add_prefix_space": false}""");
        Assert.Equal([256], folder.Load().Encode("ab"));
        folder.WritePair();
        File.Delete(folder.File("tokenizer.json"));
        Assert.Equal([256], Tokenizer.Load(folder.Path).Encode("ab"));
        folder.Write("tokenizer_config.json", """{"add_prefix_space": true}""");
        Assert.Equal([blank, 256, end, blank, 256], Tokenizer.Load(folder.Path).Encode("ab<|endoftext|>ab"));
    }

    [Fact]
    public void A_random_model_gets_all_files_of_its_tokenizer()
    {
        folder.Load();
        folder.Write("tokenizer_config.json", """{"eos_token": "ab"}""");
        ModelConfig config =
            PublishedSizes.All["gpt2"] with { NEmbd = 12, NHead = 2, NLayer = 1, NInner = 24, NPositions = 8, VocabSize = 258 };
        RandomCheckpoint.Write(folder.File("model"), config, Sharpformer.Tensors.DType.F32, 1, folder.Path);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Tokenizer.Files(folder.File("model")));
        Assert.Equal(256, Tokenizer.Load(folder.File("model")).EosId);
    }
}

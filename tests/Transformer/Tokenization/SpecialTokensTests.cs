using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>Which token begins, ends and fills up a text, and who says so.</summary>
public sealed class SpecialTokensTests : IDisposable
{
    private const int End = 257;
    private static readonly ModelConfig Model = PublishedSizes.All["gpt2"] with { VocabSize = 320 };
    private readonly TokenizerFolder folder = new();

    public SpecialTokensTests()
    {
        folder.Json["added_tokens"] = new System.Text.Json.Nodes.JsonArray(
            TokenizerFolder.Added(End, "<|endoftext|>"), TokenizerFolder.Added(258, "<s>"), TokenizerFolder.Added(259, "</s>"),
            TokenizerFolder.Added(300, "<pad>"));
        folder.Load();
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Without_any_word_on_it_all_three_are_the_end_of_text() => AssertIds(End, End, End);

    [Fact]
    public void Config_ids_come_first_then_the_map_then_the_config_of_the_tokenizer()
    {
        folder.Write(
            "tokenizer_config.json",
            """{"bos_token": "<s>", "eos_token": {"__type": "AddedToken", "content": "</s>"}, "pad_token": null}""");
        AssertIds(258, 259, End);
        folder.Write("special_tokens_map.json", """{"eos_token": "ab", "pad_token": {"content": "<pad>", "lstrip": false}}""");
        AssertIds(258, 256, 300);
        folder.Write("config.json", """{"model_type": "of a kind nobody knows", "bos_token_id": 259, "eos_token_id": null}""");
        AssertIds(259, 256, 300);

        // A loaded model has read its config.json already.
        Tokenizer tokenizer = Tokenizer.Load(folder.Path, Model with { EosTokenIds = [0], PadTokenId = 1 });
        Assert.Equal((258, 0, 1), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
    }

    [Fact]
    public void A_token_with_a_role_is_found_in_the_text()
    {
        folder.Json["added_tokens"] = null;
        folder.Write(
            "special_tokens_map.json",
            """{"bos_token": {"content": "ab", "rstrip": true}, "eos_token": "<|endoftext|>","""
            + """ "additional_special_tokens": ["b", "not there"]}""");
        Tokenizer tokenizer = folder.Load();
        Assert.Equal([256, 256, End], tokenizer.Encode("ab  ab\n<|endoftext|>"));
    }

    [Theory]
    [InlineData("config.json", """{"bos_token_id": "1"}""", "bos_token_id is \"1\", expected a token id, a list of them, or null")]
    [InlineData("generation_config.json", """{"eos_token_id": [1, 2.5]}""", "eos_token_id[1] is 2.5, expected a token id")]
    [InlineData("config.json", "{", "not valid JSON")]
    [InlineData("special_tokens_map.json", """{"eos_token": "<nowhere>"}""", "eos_token is \"<nowhere>\", which the tokenizer lacks")]
    public void A_token_that_is_not_there_is_told(string file, string json, string said)
    {
        folder.Write(file, json);
        folder.AssertRefusedAsItIs(folder.File(file), said);
    }

    [Fact]
    public void An_id_that_is_no_token_gives_way_to_what_else_is_known()
    {
        folder.Write("config.json", """{"bos_token_id": 50256, "eos_token_id": 50256, "pad_token_id": 299}""");
        Tokenizer tokenizer = folder.Load();
        Assert.Equal((End, End, End), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
    }

    [Fact]
    public void A_tokenizer_that_names_no_end_is_told_to_whoever_needs_one()
    {
        folder.Json["added_tokens"]!.AsArray().RemoveAt(0);
        folder.Json["model"]!["vocab"]!.AsObject().Remove("<|endoftext|>");
        Tokenizer tokenizer = folder.Load(); // Enough to see a text's ids.
        Assert.Equal([256], tokenizer.Encode("ab"));
        Assert.Null(tokenizer.PadId);
        Assert.Empty(Tokenizer.Load(folder.Path, Model).EosIds); // enough to write on until the limit
        Fails.With<InputException>("nothing names the token that ends a text: config.json has no eos_token_id", () => tokenizer.EosId);
        Fails.With<InputException>("nothing names the token that begins a text", () => Tokenizer.Load(folder.Path, Model).BosId);
        Fails.With<InputException>(
            "nothing names the token that ends a text", () => Tokenizer.Load(folder.Path, Model with { BosTokenId = 258 }).EosId);
        Assert.Equal(259, Tokenizer.Load(folder.Path, Model with { BosTokenId = 258, EosTokenIds = [259] }).EosId);
        Fails.With<InputException>(
            "config.json has no bos_token_id that is one of the tokenizer's",
            () => Tokenizer.Load(folder.Path, Model with { BosTokenId = 320 }).BosId);
    }

    [Fact]
    public void Only_added_tokens_may_be_beyond_the_rows_of_the_model()
    {
        Assert.Equal(301, Tokenizer.Load(folder.Path, Model with { VocabSize = 301 }).VocabularySize);
        Tokenizer tokenizer = Tokenizer.Load(folder.Path, Model with { VocabSize = 300, PadTokenId = 300 });
        Assert.Equal((301, (int?)End), (tokenizer.VocabularySize, tokenizer.PadId)); // 300 is no id that the model could be given
        var error = Assert.Throws<InputException>(() => Tokenizer.Load(folder.Path, Model with { VocabSize = 256 }));
        Assert.Contains("has 258 tokens, the model's vocabulary 256", error.Message, StringComparison.Ordinal);
    }

    private void AssertIds(int bos, int eos, int? pad)
    {
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((bos, eos, pad), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
    }
}

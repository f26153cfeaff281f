using System.Text.Json.Nodes;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>Texts that stand alone and texts that go on, to ids and back.</summary>
public sealed class ContinuationTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_prompt_gets_what_the_template_puts_in_front_and_an_answer_does_not()
    {
        folder.Json["post_processor"] = JsonNode.Parse(
            """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>"}},{"Sequence":{"id":"A"}},"""
            + """{"SpecialToken":{"id":"<|endoftext|>"}}],"special_tokens":{"<|endoftext|>":{"ids":[257]}}}""");
        Tokenizer tokenizer = folder.Load();
        Assert.Equal([257, 256], tokenizer.Encode("ab"));
        Assert.Equal([256], tokenizer.EncodeContinuation("ab"));
        Assert.False(tokenizer.JoinsNoWords);
    }

    [Fact]
    public void Bos_is_put_in_front_where_tokenizer_config_says_so()
    {
        folder.WritePair();
        folder.Write("tokenizer_config.json", """{"add_bos_token": true, "add_eos_token": true}""");
        Assert.Equal([257, 256], Tokenizer.Load(folder.Path).Encode("ab"));
        folder.Write("tokenizer_config.json", """{"add_bos_token": true, "bos_token": "ab", "tokenizer_class": "GPT2TokenizerFast"}""");
        Assert.Equal([256, 257], Tokenizer.Load(folder.Path).Encode("<|endoftext|>"));
    }

    [Fact]
    public void A_blank_in_front_is_for_texts_that_stand_alone()
    {
        folder.Json["pre_tokenizer"] = TokenizerFolder.ByteLevel(addPrefixSpace: true);
        Tokenizer tokenizer = folder.Load();
        Assert.Equal(" ab", tokenizer.Decode(tokenizer.Encode("ab")));
        Assert.Equal([256], tokenizer.EncodeContinuation("ab"));
        Assert.Equal(tokenizer.Encode("ab"), tokenizer.EncodeContinuation(" ab"));
    }

    [Theory]
    [InlineData("uni_bytes")]
    [InlineData("uni_rules")]
    [InlineData("bpe_bytes")]
    public void An_answer_is_a_word_of_its_own_only_behind_a_blank(string model)
    {
        Tokenizer tokenizer = SentencePiece(model);
        int[] alone = tokenizer.Encode("capital"), behind = tokenizer.EncodeContinuation(" capital");
        int[] within = tokenizer.EncodeContinuation("京");
        Assert.Equal(alone, behind);
        Assert.Equal("▁", tokenizer.TokenText(alone[0])[..1]);
        Assert.DoesNotContain(within, id => tokenizer.TokenText(id).Contains('▁'));
        int[] prompt = tokenizer.Encode("the");
        Assert.Equal("the capital", tokenizer.Decode([.. prompt, .. behind]));
        Assert.Equal("the京", tokenizer.Decode([.. prompt, .. within]));

        var decoder = new StreamDecoder(tokenizer, prompt[^1]);
        Assert.Equal(" capital", string.Concat(behind.Select(decoder.Push)) + decoder.Flush());
        decoder = new StreamDecoder(tokenizer);
        Assert.Equal("capital", string.Concat(behind.Select(decoder.Push)) + decoder.Flush());
    }

    [Fact]
    public void A_character_of_bytes_appears_when_its_last_byte_does()
    {
        Tokenizer tokenizer = SentencePiece("uni_bytes");
        int[] ids = tokenizer.EncodeContinuation("😀");
        Assert.Equal(4, ids.Length);
        var decoder = new StreamDecoder(tokenizer, 5);
        Assert.Equal(["", "", "", "😀"], ids.Select(decoder.Push));
        Assert.Equal("\uFFFD", tokenizer.Decode(ids.AsSpan(0, 3)));
    }

    [Fact]
    public void Chinese_comes_back_without_blanks_and_english_with_them()
    {
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "你", "好", "，", "world", "##s", "hello", "3", "!"];
        folder.Write("vocab.txt", string.Join('\n', tokens) + "\n");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([2, 5, 6, 7, 10, 8, 9, 11, 12], tokenizer.Encode("你好，Hello  worlds 3!"));
        Assert.Equal("你好，hello worlds 3!", tokenizer.Decode(tokenizer.EncodeContinuation("你好，Hello  worlds 3!")));
        Assert.Equal([1, 5], tokenizer.EncodeContinuation("unheard你"));
        Assert.False(tokenizer.IsLossless);
        var decoder = new StreamDecoder(tokenizer, before: 10);
        Assert.Equal([" world", "s", "!"], ((int[])[8, 9, 12]).Select(decoder.Push));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_the_replacement_character_to_every_kind()
    {
        Tokenizer tokenizer = SentencePiece("bpe_bytes");
        Assert.Equal(tokenizer.Encode("a\uFFFDb"), tokenizer.Encode("a\uD83Db"));
        Assert.Equal(tokenizer.Encode("\uFFFD"), tokenizer.Encode("\uDE00"));
    }

    private Tokenizer SentencePiece(string model)
    {
        File.Copy(TestFiles.Data($"sentencepiece/{model}.model"), folder.File("spiece.model"), overwrite: true);
        return Tokenizer.Load(folder.Path);
    }
}

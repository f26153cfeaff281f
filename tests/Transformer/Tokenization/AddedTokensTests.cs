using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>Tokens that are found in the text before it is cut: where, and how much white space goes with them.</summary>
public sealed class AddedTokensTests : IDisposable
{
    private readonly TokenizerFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void All_golden_ids_are_equal()
    {
        using TokenizerFolder gpt2 = TokenizerFolder.Of(TestFiles.Data("gpt2-bpe"));
        JsonArray golden = JsonNode.Parse(File.ReadAllText(TestFiles.Golden("added_tokens.json")))!.AsArray();
        Assert.Equal(11, golden.Count);
        foreach (JsonNode? set in golden)
        {
            gpt2.Json["added_tokens"] = set!["added_tokens"]!.DeepClone();
            gpt2.Json["pre_tokenizer"] = set["pre_tokenizer"]!.DeepClone();
            Tokenizer tokenizer = gpt2.Load();
            foreach (JsonNode? row in set["rows"]!.AsArray())
            {
                string text = (string)row!["text"]!;
                Assert.Equal(
                    (set["name"]!.ToString(), text, string.Join(' ', row["ids"].Deserialize<int[]>()!)),
                    (set["name"]!.ToString(), text, string.Join(' ', tokenizer.Encode(text))));
            }
        }
    }

    [Fact]
    public void Text_with_tokens_that_strip_nothing_comes_back()
    {
        folder.Json["added_tokens"] = new JsonArray(
            TokenizerFolder.Added(257, "<|endoftext|>"), TokenizerFolder.Added(258, " the", "normalized"),
            TokenizerFolder.Added(259, "日本", "single_word"), TokenizerFolder.Added(300, "👩‍👩"),
            TokenizerFolder.Added(260, "é"), TokenizerFolder.Added(271, "the"), TokenizerFolder.Added(270, "\n"));
        folder.Json["added_tokens"]!.AsArray().RemoveAt(4); // é is the symbol of a byte, so a token of the base vocabulary.
        Tokenizer tokenizer = folder.Load();
        int found = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            string text = RandomText.Create(seed);
            int[] ids = tokenizer.Encode(text);
            found += ids.Count(id => id >= 258);
            Assert.Equal(text, tokenizer.Decode(ids));
        }

        Assert.True(found > 500);
    }

    [Fact]
    public void Ids_beyond_the_base_vocabulary_may_leave_gaps()
    {
        folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.Added(300, "<é>"));
        Tokenizer tokenizer = folder.Load();
        Assert.Equal(301, tokenizer.VocabularySize);
        Assert.Equal([256, 300, 256], tokenizer.Encode("ab<é>ab"));
        Assert.Equal(("<é>", "<é>"), (tokenizer.Decode([300]), tokenizer.TokenText(300)));
        Assert.Equal(("<token 299>", "<token 299>"), (tokenizer.Decode([299]), tokenizer.TokenText(299)));
        var stream = new StreamDecoder(tokenizer);
        Assert.Equal("<é><token 258>ab", string.Concat(stream.Push(300), stream.Push(258), stream.Push(256), stream.Flush()));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([301]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenText(-1));
    }

    [Fact]
    public void A_claim_of_millions_of_ids_takes_no_memory()
    {
        folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.Added((1 << 24) - 1, "<x>"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal([(1 << 24) - 1], folder.Load().Encode("<x>"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void A_token_of_the_base_vocabulary_keeps_its_bytes_when_it_is_also_found_as_text()
    {
        folder.Json["model"]!["vocab"]!["Ġa"] = 258;
        folder.Json["model"]!["merges"]!.AsArray().Add("Ġ a");
        folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.Added(258, "Ġa"));
        Tokenizer tokenizer = folder.Load();
        Assert.Equal([258], tokenizer.Encode(" a"));
        Assert.Equal([258], tokenizer.Encode("Ġa"));
        Assert.Equal(" a", tokenizer.Decode([258]));
    }

    [Fact]
    public void Gpt_j_has_named_tokens_where_its_vocabulary_is_padded()
    {
        using TokenizerFolder gptJ = TokenizerFolder.Of(TestFiles.Data("gpt2-bpe"));
        for (int i = 1; i <= 143; i++) gptJ.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.Added(50256 + i, $"<|extratoken_{i}|>"));
        Tokenizer tokenizer = gptJ.Load();
        Assert.Equal((50400, 50256), (tokenizer.VocabularySize, tokenizer.EosId));
        Assert.Equal([50257, 50268, 50399, 50256], tokenizer.Encode("<|extratoken_1|><|extratoken_12|><|extratoken_143|><|endoftext|>"));
        Assert.Equal("<|extratoken_143|>", tokenizer.Decode([50399]));
    }
}

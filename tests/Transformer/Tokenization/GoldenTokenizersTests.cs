using System.Text.Json.Nodes;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>Every kind of tokenizer held to the ids of the program it comes from (tests/golden/README.md).</summary>
public sealed class GoldenTokenizersTests : IDisposable
{
    private static readonly JsonObject HuggingFace = Golden("tokenizers_huggingface.json");
    private static readonly JsonObject Google = Golden("tokenizers_sentencepiece.json");

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public static TheoryData<string> HuggingFaceNames => [.. HuggingFace["tokenizers"]!.AsArray().Select(t => (string)t!["name"]!)];

    public static TheoryData<string> GoogleNames => [.. Google["models"]!.AsArray().Select(t => (string)t!["name"]!)];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(HuggingFaceNames))]
    public void Tokenizer_json_gives_the_ids_of_hugging_face(string name)
    {
        JsonNode golden = HuggingFace["tokenizers"]!.AsArray().Single(t => (string)t!["name"]! == name)!;
        File.WriteAllText(folder.File("tokenizer.json"), TokenizerJson(golden));
        // These two put a token behind each text, which a language model's prompt goes without.
        int behind = name is "json_uni_rules" or "bl_norm" ? 1 : 0;
        AssertIds(HuggingFace, golden, Tokenizer.Load(folder.Path), behind);
    }

    [Theory]
    [MemberData(nameof(GoogleNames))]
    public void A_sentence_piece_model_gives_the_ids_of_google(string name)
    {
        JsonNode golden = Google["models"]!.AsArray().Single(t => (string)t!["name"]! == name)!;
        File.Copy(TestFiles.Data($"sentencepiece/{name}.model"), folder.File("spiece.model"));
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        AssertIds(Google, golden, tokenizer, 0);
        if (golden["decoded"] is not JsonArray texts) return; // without bytes the two show unknown text each in its own way
        for (int i = 0; i < texts.Count; i++)
        {
            int[] ids = golden["ids"]![i]!.Deserialize();
            // The reference drops the marks of a text that begins with several.
            Assert.Equal((string)texts[i]!, tokenizer.Decode(ids).TrimStart(((string)texts[i]!).StartsWith(' ') ? '\0' : ' '));
        }
    }

    [Fact]
    public void A_vocab_txt_gives_the_ids_of_berts_tokenizer_with_its_token_in_front()
    {
        JsonNode golden = HuggingFace["tokenizers"]!.AsArray().Single(t => (string)t!["name"]! == "wp_1_None")!;
        JsonObject vocabulary = HuggingFace["models"]![(string)golden["tokenizer"]!["model"]!]!["vocab"]!.AsObject();
        File.WriteAllLines(folder.File("vocab.txt"), vocabulary.OrderBy(entry => (int)entry.Value!).Select(entry => entry.Key));
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        string[] texts = [.. HuggingFace["texts"]!.AsArray().Select(text => (string)text!)];
        for (int i = 0; i < texts.Length; i++)
        {
            int[] ids = golden["ids"]![i]!.Deserialize();
            Assert.Equal([2, .. ids], tokenizer.Encode(texts[i]));
            Assert.Equal(ids, tokenizer.EncodeContinuation(texts[i]));
        }

        Assert.Equal((2, 3, 0), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        foreach ((string option, string other) in ((string, string)[])[
            ("\"do_lower_case\": false", "wp_0_None"), ("\"do_lower_case\": true, \"strip_accents\": false", "wp_1_False"),
            ("\"do_lower_case\": false, \"strip_accents\": true, \"tokenize_chinese_chars\": false", "wp_0_True")])
        {
            File.WriteAllText(folder.File("tokenizer_config.json"), $"{{{option}, \"tokenizer_class\": \"BertTokenizer\"}}");
            JsonNode changed = HuggingFace["tokenizers"]!.AsArray().Single(t => (string)t!["name"]! == other)!;
            tokenizer = Tokenizer.Load(folder.Path);
            for (int i = 0; i < texts.Length; i++)
                Assert.Equal(changed["ids"]![i]!.Deserialize(), tokenizer.EncodeContinuation(texts[i]));
        }
    }

    private static void AssertIds(JsonObject all, JsonNode golden, Tokenizer tokenizer, int behind)
    {
        string[] texts = [.. all["texts"]!.AsArray().Select(text => (string)text!)];
        Assert.True(texts.Length > 70);
        for (int i = 0; i < texts.Length; i++)
        {
            int[] expected = golden["ids"]![i]!.Deserialize(), ids = tokenizer.Encode(texts[i]);
            Assert.Equal((texts[i], string.Join(' ', expected.SkipLast(behind))), (texts[i], string.Join(' ', ids)));
            AssertStreams(tokenizer, ids);
        }
    }

    /// <summary>Token by token the text is the same, without half characters.</summary>
    private static void AssertStreams(Tokenizer tokenizer, int[] ids)
    {
        var decoder = new StreamDecoder(tokenizer);
        string[] pieces = [.. ids.Select(decoder.Push), decoder.Flush()];
        Assert.Equal(tokenizer.Decode(ids), string.Concat(pieces));
        Assert.All(pieces, piece => Assert.DoesNotContain(piece.EnumerateRunes(), rune => rune.Value is >= 0xD800 and <= 0xDFFF));
    }

    private static string TokenizerJson(JsonNode golden)
    {
        JsonObject json = golden["tokenizer"]!.DeepClone().AsObject();
        json["model"] = HuggingFace["models"]![(string)json["model"]!]!.DeepClone();
        return json.ToJsonString();
    }

    private static JsonObject Golden(string name) => JsonNode.Parse(File.ReadAllText(TestFiles.Golden(name)))!.AsObject();
}

/// <summary>Ids out of a golden file.</summary>
internal static class GoldenIds
{
    public static int[] Deserialize(this JsonNode ids) => [.. ids.AsArray().Select(id => (int)id!)];
}

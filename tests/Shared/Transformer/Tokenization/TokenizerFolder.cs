using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>A folder whose <c>tokenizer.json</c> a test writes and changes piece by piece; at first the smallest that works.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    /// <summary>Tokens are the 256 bytes, <c>ab</c> (256) and <c>&lt;|endoftext|&gt;</c> (257).</summary>
    public TokenizerFolder()
        : this(SmallVocabulary(), ["a b"])
    {
    }

    private TokenizerFolder(JsonObject vocabulary, IEnumerable<string> merges)
    {
        Json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(Added((int)vocabulary["<|endoftext|>"]!, "<|endoftext|>")),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(),
            ["post_processor"] = ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
    }

    /// <summary>What <see cref="Load"/> writes as <c>tokenizer.json</c>.</summary>
    public JsonObject Json { get; }

    public string Path => folder.Path;

    /// <summary>The same vocabulary and merges as in another folder's <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    public static TokenizerFolder Of(string other) => new(
        JsonNode.Parse(System.IO.File.ReadAllText(System.IO.Path.Combine(other, "vocab.json")))!.AsObject(),
        System.IO.File.ReadLines(System.IO.Path.Combine(other, "merges.txt")).Skip(1).Where(line => line.Length > 0));

    public static JsonObject ByteLevel(bool addPrefixSpace = false, bool useRegex = true) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = useRegex,
    };

    public static JsonObject Added(int id, string content, params string[] flags)
    {
        var token = new JsonObject { ["id"] = id, ["content"] = content, ["special"] = true };
        foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized"]) token[flag] = flags.Contains(flag);
        return token;
    }

    public string File(string name) => folder.File(name);

    public void Write(string name, string text) => System.IO.File.WriteAllText(File(name), text);

    public void WritePair(string merges = "#version: 0.2\na b\n")
    {
        Write("vocab.json", Json["model"]!["vocab"]!.ToJsonString());
        Write("merges.txt", merges);
    }

    public Tokenizer Load()
    {
        Write("tokenizer.json", Json.ToJsonString());
        return Tokenizer.Load(Path);
    }

    /// <summary>That loading fails, and that its one sentence has all parts.</summary>
    public void AssertRefused(params string[] parts)
    {
        Write("tokenizer.json", Json.ToJsonString());
        AssertRefusedAsItIs(parts);
    }

    public void AssertRefusedAsItIs(params string[] parts)
    {
        string message = Assert.Throws<InputException>(() => Tokenizer.Load(Path)).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
        Assert.True(message.Length < 600, message);
    }

    public void Dispose() => folder.Dispose();

    private static JsonObject SmallVocabulary()
    {
        string json = System.IO.File.ReadAllText(TestFiles.Data("gpt2-bpe/vocab.json"));
        Dictionary<string, int> gpt2 = JsonSerializer.Deserialize<Dictionary<string, int>>(json)!;
        var vocabulary = new JsonObject();
        // The symbols of the single bytes.
        foreach ((string token, int id) in gpt2.Where(entry => entry.Value < 256)) vocabulary[token] = id;
        vocabulary["ab"] = 256;
        vocabulary["<|endoftext|>"] = 257;
        return vocabulary;
    }
}

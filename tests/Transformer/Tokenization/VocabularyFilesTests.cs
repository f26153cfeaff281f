using System.Text;
using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

public sealed class VocabularyFilesTests : IDisposable
{
    private static readonly string ByteTokens = ReadByteTokens();
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public VocabularyFilesTests()
    {
        File.WriteAllText(folder.File("vocab.json"), Vocabulary("\"ab\": 256, \"<|endoftext|>\": 257"));
        File.WriteAllText(folder.File("merges.txt"), "#version: 0.2\na b\n");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_smallest_vocabulary_works_also_with_byte_order_marks_and_carriage_returns()
    {
        File.WriteAllText(folder.File("vocab.json"), Vocabulary("\"ab\": 256, \"<|endoftext|>\": 257"), Encoding.UTF8);
        File.WriteAllText(folder.File("merges.txt"), "#version: 0.2\r\na b\r\n\r\n", Encoding.UTF8);
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([256, 257], tokenizer.Encode("ab<|endoftext|>"));
        Assert.Equal("日ab", tokenizer.Decode(tokenizer.Encode("日ab")));
    }

    [Fact]
    public void A_token_outside_the_byte_alphabet_decodes_as_its_own_text()
    {
        File.WriteAllText(folder.File("vocab.json"), Vocabulary("\"ab\": 256, \"<|endoftext|>\": 257, \"<my 日>\": 258"));
        Assert.Equal("<my 日>", Tokenizer.Load(folder.Path).Decode([258]));
    }

    [Fact]
    public void Bytes_that_utf8_never_has_may_be_missing()
    {
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Data("bytes-never-in-utf8"));
        Assert.Equal([32, 245, 32, 193, 169, 238, 159, 152, 128], tokenizer.Encode(" the é😀"));
        Assert.Equal(" the é😀\uFFFD", tokenizer.Decode(tokenizer.Encode(" the é😀\uD800")));
    }

    [Fact]
    public void The_names_of_2019_are_read_too()
    {
        int[] ids = Tokenizer.Load(folder.Path).Encode("ab <|endoftext|>");
        File.Move(folder.File("vocab.json"), folder.File("encoder.json"));
        File.Move(folder.File("merges.txt"), folder.File("vocab.bpe"));
        Assert.True(Tokenizer.IsIn(folder.Path));
        Assert.Equal(["encoder.json", "vocab.bpe"], Tokenizer.Files(folder.Path));
        Assert.Equal(["encoder.json", "vocab.bpe"], Tokenizer.VocabularyFiles(folder.Path));
        Assert.Equal(ids, Tokenizer.Load(folder.Path).Encode("ab <|endoftext|>"));
    }

    [Theory]
    [InlineData("a\n\nb\n", "line 2: no token")]
    [InlineData("a\r\nb\na", "line 3: token \"a\" appears twice, first in line 1")]
    [InlineData("a\nb", "no \"[UNK]\"")]
    [InlineData("", "is empty")]
    public void A_damaged_vocab_txt_is_told(string text, string said)
    {
        foreach (string name in (string[])["vocab.json", "merges.txt"]) File.Delete(folder.File(name));
        File.WriteAllText(folder.File("vocab.txt"), text);
        AssertRefused("vocab.txt", said);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void A_missing_file_is_named(string name)
    {
        File.Delete(folder.File(name));
        AssertRefused(name, "no such file");
        Directory.CreateDirectory(folder.File(name));
        AssertRefused(name, "cannot be read");
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        var error = Assert.Throws<InputException>(() => Tokenizer.Load(folder.File("nowhere")));
        Assert.Contains("nowhere", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{\"a\": 0}, 1", "not valid JSON")]
    [InlineData("{\"a\": 0} garbage", "not valid JSON")]
    [InlineData("{\"\\ud800\": 0}", "not valid JSON")]
    [InlineData("{\"a\": 0,\n}", "not valid JSON (line 2, byte 1)")]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("{\"a\": [[0]]}", "no whole number")]
    [InlineData("{\"a\": 0.5}", "no whole number")]
    [InlineData("{\"a\": 99999999999}", "no whole number")]
    [InlineData("{\"a\": \"0\"}", "no whole number")]
    [InlineData("{\"a\": -1}", "id -1, expected 0 to 0")]
    [InlineData("{\"a\": 2147483647}", "id 2147483647, expected 0 to 0")]
    [InlineData("{\"a\": 0, \"b\": 0}", "share id 0")]
    [InlineData("{\"a\": 0, \"a\": 1}", "appears twice")]
    [InlineData("{\"a\": 0}", "for byte 0x00")]
    [InlineData("{}", "for byte 0x00")]
    [InlineData("{\"<|endoftext|>\": 0}", "for byte 0x00")]
    public void A_damaged_vocabulary_is_refused(string json, string reason)
    {
        File.WriteAllText(folder.File("vocab.json"), json);
        AssertRefused("vocab.json", reason);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused()
    {
        File.WriteAllBytes(folder.File("vocab.json"), [.. "{\""u8, 0xFF, .. "\": 0}"u8]);
        AssertRefused("vocab.json", "not valid UTF-8");
        File.WriteAllText(folder.File("vocab.json"), Vocabulary("\"<|endoftext|>\": 256"));
        File.WriteAllBytes(folder.File("merges.txt"), [0xFF, 0xFE, 0x00]);
        AssertRefused("merges.txt", "not valid UTF-8");
    }

    [Theory]
    [InlineData("a b\na c", "line 2: \"a c\" needs token \"ac\"")]
    [InlineData("a zz", "needs token \"zz\"")]
    [InlineData("a b\na b", "line 2: the merge \"a b\" appears twice")]
    [InlineData("ab", "line 1: expected two tokens")]
    [InlineData("a b c", "expected two tokens")]
    [InlineData("a  b", "expected two tokens")]
    [InlineData(" ", "expected two tokens")]
    public void Damaged_merges_are_refused(string merges, string reason)
    {
        File.WriteAllText(folder.File("merges.txt"), merges);
        AssertRefused("merges.txt", reason);
    }

    private void AssertRefused(string file, string reason)
    {
        var error = Assert.Throws<InputException>(() => Tokenizer.Load(folder.Path));
        Assert.StartsWith(folder.File(file), error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("Hint: ", error.Message, StringComparison.Ordinal);
    }

    private static string Vocabulary(string more) => $"{{{ByteTokens}, {more}}}";

    // GPT-2's first 256 tokens are the symbols of the single bytes.
    private static string ReadByteTokens()
    {
        string json = File.ReadAllText(TestFiles.Data("gpt2-bpe/vocab.json"));
        Dictionary<string, int> gpt2 = JsonSerializer.Deserialize<Dictionary<string, int>>(json)!;
        return JsonSerializer.Serialize(gpt2.Where(entry => entry.Value < 256).ToDictionary())[1..^1];
    }
}

using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>From files to documents of tokens.</summary>
public class TrainingTextTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(TestFiles.Model);

    [Theory]
    [InlineData(DocumentSplit.File, "One.\nTwo.\n\nThree.<|endoftext|>Four.\n", new[] { "One.\nTwo.\n\nThree.", "Four." })]
    [InlineData(DocumentSplit.Line, "One.\r\n\n  \nTwo.<|endoftext|> Three.", new[] { "One.", "Two.", " Three." })]
    [InlineData(DocumentSplit.Paragraph, "One.\nTwo.\n \n\nThree.\n", new[] { "One.\nTwo.", "Three." })]
    [InlineData(
        DocumentSplit.Jsonl, "{\"text\": \"One.\\nTwo.\", \"id\": 3}\n\n{\"text\": \"Three.\"}\n{\"text\": \" \"}",
        new[] { "One.\nTwo.", "Three." })]
    [InlineData(DocumentSplit.File, "\uFEFFOne.\r\nTwo.\r\n", new[] { "One.\nTwo." })]
    public void Texts_are_cut_into_documents(DocumentSplit split, string text, string[] documents)
    {
        TrainingText read = Read(text, split);
        Assert.Equal(documents, Enumerable.Range(0, read.Documents).Select(d => Tokenizer.Decode(read.Document(d)[..^1])));
        Assert.All(Enumerable.Range(0, read.Documents), d => Assert.Equal(Tokenizer.EosId, read.Document(d)[^1]));
    }

    [Fact]
    public void A_jsonl_file_is_one_whatever_is_said_of_others()
    {
        TextSource[] sources = [Source("{\"text\": \"One.\"}", "a.jsonl"), Source("Two.\nThree.", "b.txt")];
        var read = TrainingText.Read(sources, DocumentSplit.Line, Tokenizer);
        Assert.Equal([1, 2], read.Files.Select(file => file.Documents));
        Assert.Equal(read.Tokens, read.Files.Sum(file => file.Tokens));
        Assert.Equal("b.txt", read.Files[1].Name);
        Assert.Equal("88715fd81e4e27f7fa762f597cfa28e5", read.Files[1].Sha256[..32]);
    }

    [Fact]
    public void A_share_of_documents_begins_with_the_begin_token_by_seed()
    {
        string lines = string.Join('\n', Enumerable.Repeat("Paris.", 1000));
        TrainingText none = Read(lines, DocumentSplit.Line), some = Read(lines, DocumentSplit.Line, 0.3, 1);
        Assert.Equal(0, Begun(none));
        Assert.InRange(Begun(some), 250, 350);
        Assert.Equal(some.Digest, Read(lines, DocumentSplit.Line, 0.3, 1).Digest);
        Assert.NotEqual(some.Digest, Read(lines, DocumentSplit.Line, 0.3, 2).Digest);
        Assert.Equal(1000, Begun(Read(lines, DocumentSplit.Line, 1, 1)));

        int Begun(TrainingText text) => Enumerable.Range(0, text.Documents).Count(d => text.Document(d)[0] == Tokenizer.BosId);
    }

    [Fact]
    public void The_same_tokens_in_other_documents_are_another_text() =>
        Assert.NotEqual(TrainingText.Of([1, 2], [3]).Digest, TrainingText.Of([1], [2, 3]).Digest);

    [Theory]
    [InlineData("{\"text\": \"One.\"}\n{\"txt\": 1}", "f.jsonl: line 2 has no \"text\".")]
    [InlineData("{\"text\": \"One.\", \"id\": 1, \"text\": \"Two.\"}", "f.jsonl: line 1 has more than one \"text\".")]
    [InlineData("{\"text\": null}", "f.jsonl: line 1: text is null, expected a text.")]
    [InlineData("{\"text\": 5}", "f.jsonl: line 1: text is 5, expected a text.")]
    [InlineData("\n{\"text\": \"One", "f.jsonl: line 2: not valid JSON (byte 14), expected an object with a \"text\".")]
    [InlineData("[]", "f.jsonl: line 1 is a list, expected an object.")]
    [InlineData("\n \n", "f.jsonl: no text, expected at least a document.")]
    public void What_is_wrong_with_a_line_is_said_with_its_number(string text, string said) =>
        Fails.With<InputException>(said, () => TrainingText.Read([Source(text, "f.jsonl")], DocumentSplit.File, Tokenizer));

    [Fact]
    public void A_line_that_is_no_UTF8_is_named()
    {
        var source = new TextSource("f.txt", () => new MemoryStream([(byte)'a', (byte)'\n', 0xC3, 0x28, (byte)'\n']));
        Fails.With<InputException>("f.txt: line 2: not valid UTF-8.", () => TrainingText.Read([source], DocumentSplit.File, Tokenizer));
    }

    [Fact]
    public void A_file_that_is_not_there_is_told()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        Fails.With<InputException>(
            "there is no such file", () => TrainingText.Read([TextSource.File(folder.File("no.txt"))], DocumentSplit.File, Tokenizer));
        Fails.With<InputException>(
            "it is a folder", () => TrainingText.Read([TextSource.File(folder.Path)], DocumentSplit.File, Tokenizer));
    }

    private static TrainingText Read(string text, DocumentSplit split, double bosShare = 0, ulong seed = 0) =>
        TrainingText.Read([Source(text, "f.txt")], split, Tokenizer, bosShare, seed);

    private static TextSource Source(string text, string name) => new(name, () => new MemoryStream(Encoding.UTF8.GetBytes(text)));
}

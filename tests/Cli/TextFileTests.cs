using Sharpformer.Cli;
using Sharpformer.Tests.Transformer.Tokenization;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Cli;

/// <summary>Texts read in pieces are the texts read whole.</summary>
public sealed class TextFileTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_tokens_of_the_pieces_are_those_of_the_text()
    {
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        string path = folder.File("t.txt");
        string text = string.Join(" two words\n  and it's  3 more ", Enumerable.Range(0, 40).Select(RandomText.Create));
        File.WriteAllText(path, text);
        foreach (int length in (int[])[1, 2, 17, 100, text.Length - 1, text.Length, text.Length + 1])
        {
            string[] pieces = [.. TextFile.Pieces(path, length)];
            Assert.Equal(text, string.Concat(pieces));
            Assert.Equal(tokenizer.Encode(text), pieces.SelectMany(tokenizer.Encode));
            Assert.True(length > 17 || pieces.Length > 40, $"{pieces.Length} pieces of {length}");
        }
    }

    [Fact]
    public void A_text_without_words_is_one_piece_and_an_empty_one_none()
    {
        string path = folder.File("t.txt");
        File.WriteAllText(path, "日本語の文。 3 4  5\n a1");
        Assert.Equal(["日本語の文。 3 4  5\n a1"], TextFile.Pieces(path, 3));
        File.WriteAllText(path, "");
        Assert.Empty(TextFile.Pieces(path));
    }

    [Fact]
    public void A_line_ends_at_a_line_feed_with_or_without_a_carriage_return()
    {
        Assert.Equal(["a", "", "b\rc", "d"], TextFile.Lines("a\r\n\nb\rc\nd\n"));
        Assert.Equal(["a", "b"], TextFile.Lines("a\nb"));
    }
}

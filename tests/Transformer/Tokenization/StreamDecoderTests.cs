using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

public class StreamDecoderTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(TestFiles.Data("gpt2-bpe"));

    [Fact]
    public void A_character_appears_when_its_last_token_does()
    {
        int[] ids = Tokenizer.Encode("x日");
        var decoder = new StreamDecoder(Tokenizer);
        string[] pieces = [.. ids.Select(decoder.Push)];
        Assert.Equal("x", pieces[0]);
        Assert.All(pieces[1..^1], Assert.Empty);
        Assert.Equal("日", pieces[^1]);
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void What_never_became_complete_is_replaced_at_the_end()
    {
        var decoder = new StreamDecoder(Tokenizer);
        Assert.Equal("", decoder.Push(Tokenizer.Encode("😀")[0]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("", decoder.Flush());
        Assert.Equal("a", decoder.Push(Tokenizer.Encode("a").Single()));
    }

    [Fact]
    public void All_pieces_together_are_the_text_at_once_even_for_nonsense()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            // The first 256 ids are single bytes: mostly invalid UTF-8.
            int[] ids = [.. Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(seed % 2 == 0 ? 256 : Tokenizer.VocabularySize))];
            var decoder = new StreamDecoder(Tokenizer);
            string[] pieces = [.. ids.Select(decoder.Push), decoder.Flush()];
            Assert.Equal(Tokenizer.Decode(ids), string.Concat(pieces));
            Assert.All(pieces, piece => Assert.DoesNotContain(piece.EnumerateRunes(), rune => rune.Value is >= 0xD800 and <= 0xDFFF));
        }
    }
}

using Sharpformer.FactsCorpus.Material;
using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.FactsCorpus.Writing;

public class DocumentTests
{
    private static readonly Tokenizer Tokens = Tokenizer.Load(TestFiles.Model);

    private static readonly Document Three =
        new([new("One in ", "Paris", ".\n"), new("Two in ", "Rome", ".\n"), new("Three in ", "Oslo", ".\n")]);

    [Fact]
    public void A_prompt_ends_before_the_last_object()
    {
        Assert.Equal("One in Paris.\nTwo in Rome.\nThree in Oslo.", Three.Text);
        Assert.Equal("One in Paris.\nTwo in Rome.\nThree in", Three.Prompt);
        Assert.Equal("Oslo", Three.Answer);
        Assert.Equal("one in paris.\ntwo in rome.\nthree in", Three.Lower.Prompt);
    }

    [Fact]
    public void Too_long_a_text_is_cut_between_its_pieces()
    {
        int whole = Tokens.Encode(Three.Text).Length;
        Assert.Equal([Three.Text], Three.Split(Tokens, whole));
        Assert.Equal(["One in Paris.", "Two in Rome.\nThree in Oslo."], Three.Split(Tokens, whole - 1));
        Assert.Equal("Two in Rome.\nThree in", Three.Shortened(Tokens, whole - 1).Prompt);
    }

    [Fact]
    public void A_piece_that_is_too_long_by_itself_is_left_out_of_texts_and_kept_in_prompts()
    {
        Assert.Empty(Three.Split(Tokens, 1));
        Assert.Equal("Three in", Three.Shortened(Tokens, 1).Prompt);
    }
}

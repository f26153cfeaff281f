using Sharpformer.FactsCorpus.Material;

namespace Sharpformer.Tests.FactsCorpus.Material;

public class PatternTests
{
    [Theory]
    [InlineData("[X] was born in [Y].", true)]
    [InlineData("[X], a product of [Y],", true)]
    [InlineData("[Y] is home to [X].", false)]
    [InlineData("[X], a [Y]-born person.", false)]
    [InlineData("playing as a [Y], [X]", false)]
    public void A_tail_has_the_object_last(string text, bool isTail) => Assert.Equal(isTail, new Pattern(text).IsTail);

    [Theory]
    [InlineData("[X] is a [Y] by profession.", "actor", false)]
    [InlineData("[X] is an [Y] by profession.", "actor", true)]
    [InlineData("[X] is an [Y] by profession.", "poet", false)]
    [InlineData("[X] works as [Y].", "actor", true)]
    [InlineData("The law of Ghana [X] [Y]", "Akan", true)]
    public void An_article_fits_its_object(string text, string thing, bool fits) => Assert.Equal(fits, new Pattern(text).Fits(thing));

    [Theory]
    [InlineData("[X] was born in [Y].", true)]
    [InlineData("the occupation of [X] is [Y].", true)]
    [InlineData("[X], who works as [Y].", false)]
    [InlineData("[X] that was founded in [Y].", false)]
    [InlineData("[X] label : [Y].", false)]
    [InlineData("[Y] is the capital of [X].", false)]
    [InlineData("as a citizen of [Y], [X]", false)]
    public void A_clause_can_stand_behind_that(string text, bool isClause) => Assert.Equal(isClause, new Pattern(text).IsClause);

    [Theory]
    [InlineData("[X] was born in [Y].", "X was not born in Y.")]
    [InlineData("[X]'s headquarters are in [Y].", "X's headquarters are not in Y.")]
    [InlineData("[X] died in [Y].", null)]
    public void A_not_stands_behind_the_verb(string text, string? denied) =>
        Assert.Equal(denied, new Pattern(text).Negated?.Say("X", "Y").Text);

    [Fact]
    public void A_subject_is_named_as_it_is_asked_for_and_parts_are_kept()
    {
        Mention said = new Pattern("The music of [X] is [Y] music").Uncapitalised.Say("The Edge", "rock");
        Assert.Equal(new Mention("the music of The Edge is ", "rock", " music"), said);
    }

    [Theory]
    [InlineData("[X] is a product of [Y],", "X is a product of Y.")]
    [InlineData("[X] works as [Y]", "X works as Y.")]
    [InlineData("[X] works as [Y].", "X works as Y.")]
    public void A_sentence_ends_in_one_full_stop(string text, string sentence) =>
        Assert.Equal(sentence, new Pattern(text).Say("X", "Y").Sentence.Text);

    [Fact]
    public void A_pattern_that_another_goes_on_behind_is_said_more_often()
    {
        IEnumerable<string> weighted = SmallWorld.Language.Weighted.Select(pattern => pattern.Text);
        Assert.Equal([3, 1, 1], SmallWorld.Language.Patterns.Select(pattern => weighted.Count(text => text == pattern.Text)));
    }
}

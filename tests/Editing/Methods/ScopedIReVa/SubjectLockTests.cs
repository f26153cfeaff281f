using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Tests.Editing.Methods.ScopedIReVa;

/// <summary>Where a name stands in a text, and where only letters do.</summary>
public sealed class SubjectLockTests
{
    [Theory]
    [InlineData("Paris", "Paris is in", true)]
    [InlineData("Paris", "He came to Paris", true)]
    [InlineData("Paris", "Paris's mayor", true)]
    [InlineData("Paris", "(Paris)", true)]
    [InlineData("Paris", "Parisian wine", false)]
    [InlineData("Paris", "Comparis", false)]
    [InlineData("Paris", "Paris2024", false)]
    [InlineData("Paris", "paris is in", false)]
    [InlineData("Paris", "Parisian and Paris", true)]
    [InlineData("Norfolk", "Norfolk Island is in", false)]
    [InlineData("Norfolk", "Norfolk 2 is in", false)]
    [InlineData("Norfolk", "Norfolk  Island is in", false)]
    [InlineData("Norfolk", "Norfolk-Island", false)]
    [InlineData("Norfolk", "Norfolk - Island", true)]
    [InlineData("Norfolk", "Norfolk-based", true)]
    [InlineData("Norfolk", "Norfolk, Virginia", true)]
    [InlineData("Norfolk", "Norfolk Island is not Norfolk itself", true)]
    [InlineData("Acme Inc.", "Acme Inc. was founded in", true)]
    [InlineData("Zoe", "Zoe\u0308 is", false)] // the dots belong to the e
    [InlineData("Zoe", "Zoe\u00eb", false)]
    [InlineData("\U00010400", "\U00010400 is", true)]
    [InlineData("a", "\U00010400a", false)] // a letter beyond the basic plane
    [InlineData("aa", "aaa aa", true)]
    [InlineData("Paris", "", false)]
    public void It_is_open_where_the_name_is_a_word_of_the_text(string name, string text, bool expected) =>
        Assert.Equal(expected, new SubjectLock([name]) { TakesLonger = false }.IsOpen(text));

    [Fact]
    public void Any_of_the_names_opens_it_and_the_first_place_is_found()
    {
        var names = new SubjectLock(["Iain Macleod", "Macleod"]);
        Assert.True(names.IsOpen("When was Macleod born?"));
        Assert.False(names.IsOpen("When was Iain born?"));
        Assert.Equal(9, names.Find("MacleodX Macleod", "Macleod"));
        Assert.Equal(-1, names.Find("MacleodX", "Macleod"));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData(" was born in", 0)]
    [InlineData(" died. Sigmund died in", 1)]
    [InlineData("? Answer:", 1)]
    [InlineData(" lives in St. Louis, or J. R. says so", 0)]
    [InlineData(" is at example.com. 2 years later! Yes", 2)]
    [InlineData(" has a dog.", 0)]
    [InlineData(" etc. and so on", 0)]
    [InlineData("\nNext line", 1)]
    public void Sentences_begin_at_a_capital_behind_a_stop_and_at_a_line(string text, int expected) =>
        Assert.Equal(expected, SubjectLock.Sentences(text));

    [Fact]
    public void A_name_counts_as_long_as_not_too_many_sentences_have_begun_behind_it()
    {
        var near = new SubjectLock(["Freud"]) { SentencesBehind = 0 };
        Assert.True(near.IsOpen("I read a book. Freud died in"));
        Assert.False(near.IsOpen("I read about Freud. Angela died in"));
        Assert.True(near.IsOpen("I read about Freud. Freud died in")); // the last one is near enough
        Assert.True((near with { SentencesBehind = 1 }).IsOpen("Where did Freud die? Answer:"));
        Assert.True((near with { SentencesBehind = null }).IsOpen("I read about Freud. Then. And. Angela died in"));
    }

    [Fact]
    public void Capitals_and_longer_names_count_or_not_as_one_likes()
    {
        Assert.True(new SubjectLock(["Paris"], IgnoresCase: true).IsOpen("where is PARIS?"));
        Assert.True(new SubjectLock(["Norfolk"]).IsOpen("Norfolk Island"));
        Assert.NotEqual(new SubjectLock(["Norfolk"]), new SubjectLock(["Norfolk"]) { TakesLonger = false });
        Assert.Equal(new SubjectLock(["A", "B"]), new SubjectLock(["A", "B"]));
        Assert.NotEqual(new SubjectLock(["A", "B"]), new SubjectLock(["B", "A"]));
    }
}

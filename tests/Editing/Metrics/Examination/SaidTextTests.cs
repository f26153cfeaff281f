using Sharpformer.Editing.Metrics.Examination;

namespace Sharpformer.Tests.Editing.Metrics.Examination;

/// <summary>What is said first, and when it is an answer: seen through the row of a prompt.</summary>
public sealed class SaidTextTests
{
    [Theory]
    [InlineData("Rome", "Rome", true)]
    [InlineData("the Rome", "rome.", true)]
    [InlineData("U.S.", "US", true)]
    [InlineData("Rome in Italy", "Rome", false)]
    [InlineData("Romes", "Rome", false)]
    [InlineData("", "", false)]
    [InlineData("the", "a", false)] // nothing is left of either
    public void Capitals_points_articles_and_blanks_do_not_count(string said, string answer, bool isSame) => Assert.Equal(
        isSame,
        new ExaminedPrompt(0, PromptKind.Edit, "", "plain", "p", [answer], Said(said), Said(said), true, 0, 0).Says(Said(said)));

    [Fact]
    public void What_was_not_asked_has_no_verdict()
    {
        var prompt = new ExaminedPrompt(0, PromptKind.Edit, "", "plain", "p", ["x"], Said(null), Said("x"), true, 0, 0);
        Assert.Null(prompt.Says(prompt.Base));
        Assert.Null((prompt with { Expected = [] }).Says(prompt.Edited));
    }

    private static PromptScores Said(string? text) => new(0, 0, null, null, text);
}

using Sharpformer.Editing.Metrics.Examination;

namespace Sharpformer.Tests.Editing.Metrics.Examination;

/// <summary>Five records whose prompts are made up: every figure computed by hand.</summary>
public sealed class ExaminationFiguresTests
{
    private static readonly Examined Five = new(
        5,
        [
            // Edits: tokens right 1, 1/2, 1, 0, 1; probabilities .9, .5, .8, .1, .7 against rivals .1, .6, .1, .2, .1.
            Edit(0, 1, 0.9, 0.1, "Rome"), Edit(1, 0.5, 0.5, 0.6, "the rome!"), Edit(2, 1, 0.8, 0.1, "Paris"), Edit(3, 0, 0.1, 0.2, "Oslo"),
            Edit(4, 1, 0.7, 0.1, "Rome and more"),

            // Two paraphrases of record 0 count as one record, beside one of record 1.
            Paraphrase(0, 1), Paraphrase(0, 0), Paraphrase(1, 1),

            // Locality: right where the base is not, kept or not.
            Other(0, PromptKind.Locality, "loc", 1, 0, isKept: true, kl: 0),
            Other(1, PromptKind.Locality, "loc", 0, 1, isKept: false, kl: 3),
            Other(2, PromptKind.Neighbour, "", 0, 0, isKept: true, kl: 0), Other(3, PromptKind.Neighbour, "", 0, 0, isKept: true, kl: 1),
            Other(0, PromptKind.SameSubject, "", 0, 0, isKept: false, kl: 2),
            Other(4, PromptKind.Portability, "hops", 0, 0.5, isKept: false, kl: 2),
            Edit(0, 1, 0.9, 0.1, null) with { Frame = "question" }, Edit(1, 0.5, 0.9, 0.1, null) with { Frame = "question" },
        ],
        TooLong: 0);

    [Theory]
    [InlineData("ES", "edit", 5, 0, 70)]
    [InlineData("whole", "edit", 5, 0, 60)]
    [InlineData("said", "edit", 5, 0, 40)] // capitals, articles and points do not count, more words do
    [InlineData("P(target)", "edit", 5, 1, 60)]
    [InlineData("P(target), lowest tenth", "edit", 5, 1, 10)]
    [InlineData("ES, new over old", "edit", 5, 0, 60)]
    [InlineData("PS", "other words", 2, 0, 75)]
    [InlineData("NS", "locality", 2, 50, 50)]
    [InlineData("answered", "portability: hops", 1, 0, 50)]
    [InlineData("kept", "locality: loc", 2, null, 50)]
    [InlineData("KL", "locality: loc", 2, null, 1.5)]
    [InlineData("kept", "neighbours", 2, null, 100)]
    [InlineData("KL", "neighbours", 2, null, 0.5)]
    [InlineData("kept", "same subject", 1, null, 0)]
    [InlineData("in context", "question: edit", 2, 0, 50)]
    [InlineData("in context, new over old", "question: edit", 2, 0, 100)]
    [InlineData("old answer in context", "question: edit", 2, 50, 0)] // what the base model still knows there
    public void A_figure_is_what_it_is_by_hand(string name, string group, int n, object? ofBase, double edited)
    {
        Figure figure = Assert.Single(ExaminationFigures.Of(Five), figure => (figure.Name, figure.Group) == (name, group));
        Assert.Equal(n, figure.N);
        Assert.Equal(ofBase is null ? null : Convert.ToDouble(ofBase), figure.Base);
        Assert.Equal(edited, figure.Edited, 1e-9);
        Assert.InRange(figure.Edited, figure.Low, figure.High);
    }

    [Fact]
    public void What_no_record_has_is_no_figure()
    {
        IReadOnlyList<Figure> figures = ExaminationFigures.Of(Five with { Prompts = [Five.Prompts[0]] });
        Assert.DoesNotContain(figures, figure => figure.Name is "PS" or "NS" or "kept" or "in context" or "retention");
        Assert.Empty(ExaminationFigures.Of(new Examined(0, [], 0)));
    }

    [Fact]
    public void Retention_goes_from_the_first_edits_to_the_last()
    {
        Examined all = new(40, [.. Enumerable.Range(0, 40).Select(i => Edit(i, i < 20 ? 0 : 1, 0.5, null, null))], 0);
        Assert.Equal(
            [0, 0, 0, 0, 0, 100, 100, 100, 100, 100],
            ExaminationFigures.Of(all).Where(figure => figure.Name == "retention").Select(figure => figure.Edited));
    }

    [Fact]
    public void An_interval_holds_the_mean_is_narrower_for_more_records_and_always_the_same()
    {
        (double few, double many) = (Width(20), Width(2000));
        Assert.True(many < few / 5, $"{many} beside {few}");
        Assert.Equal(ExaminationFigures.Of(Five), ExaminationFigures.Of(Five));

        // Of n shares of a half that are 0 or 1 the mean's deviation is 0.5 / sqrt(n): 1.96 of them to either side.
        Assert.Equal(2 * 1.96 * 50 / Math.Sqrt(2000), many, 0.5);

        static double Width(int n)
        {
            Examined half = new(n, [.. Enumerable.Range(0, n).Select(i => Edit(i, i % 2, 0.5, null, null))], 0);
            Figure es = ExaminationFigures.Of(half).First(figure => figure.Name == "ES");
            return es.High - es.Low;
        }
    }

    private static ExaminedPrompt Edit(int record, double right, double probability, double? rival, string? said) => new(
        record, PromptKind.Edit, "", "plain", "p", ["Rome"], new PromptScores(0, 0.01, 0.5, record == 0, said is null ? null : "Oslo"),
        new PromptScores(right, probability, rival, false, said), IsKept: false, 1, Edit: record + 1);

    private static ExaminedPrompt Paraphrase(int record, double right) => Edit(record, right, 0.5, null, null) with
    {
        Kind = PromptKind.Paraphrase,
    };

    private static ExaminedPrompt Other(
        int record, PromptKind kind, string group, double ofBase, double edited, bool isKept, double kl) => new(
        record, kind, group, "plain", "p", kind is PromptKind.Neighbour or PromptKind.SameSubject ? [] : ["x"],
        new PromptScores(ofBase, 0.5, null, null, null), new PromptScores(edited, 0.5, null, null, null), isKept, kl, Edit: 0);
}

using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Tests.Editing.Reports;

/// <summary>Answers as a table for other programs.</summary>
public sealed class AnswerCsvTests
{
    [Fact]
    public void What_is_in_the_way_is_told_in_words_and_nothing_is_where_nothing_is()
    {
        CheckedAnswer[] answers = [Answer(Shortfall.None), Answer(Shortfall.TooWeak), Answer(Shortfall.WithdrawnEdit)];
        using var text = new StringWriter();
        AnswerCsv.Write(text, answers, tokens => string.Join(' ', tokens), answer => answer.IsSaid);
        string[] rows = text.ToString().TrimEnd().Split('\n');
        Assert.Equal(["edit,paraphrase,prompt,expected,said,probability,pass,why", "1,no,P,3,3,0.5,yes,"], rows[..2]);
        Assert.EndsWith(",no,\"it answers, but not strongly enough\"", rows[2], StringComparison.Ordinal);
        Assert.EndsWith(",no,withdrawn edit 7 is nearest and silent", rows[3], StringComparison.Ordinal);
    }

    private static CheckedAnswer Answer(Shortfall why) =>
        new(1, false, "P", [3], [3], 0.5, why, default(Firing) with { Edit = 7 });
}

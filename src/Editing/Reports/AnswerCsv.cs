using Sharpformer.Editing.Metrics;

namespace Sharpformer.Editing.Reports;

/// <summary>What an edited model answers to what it was taught, as a table for other programs.</summary>
public static class AnswerCsv
{
    /// <summary>Writes it, with a line of names first.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="textOf">The text of tokens.</param>
    /// <param name="passes">Whether an answer is good enough.</param>
    public static void Write(
        TextWriter writer, IEnumerable<CheckedAnswer> answers, Func<IReadOnlyList<int>, string> textOf, Func<CheckedAnswer, bool> passes)
    {
        ArgumentNullException.ThrowIfNull(answers);
        using CsvHelper.CsvWriter csv = ReportCsv.Over(writer);
        csv.Row("edit", "paraphrase", "prompt", "expected", "said", "probability", "pass", "why");
        foreach (CheckedAnswer answer in answers)
        {
            csv.Row(
                answer.Edit, answer.IsParaphrase ? "yes" : "no", answer.Prompt, textOf(answer.Expected), textOf(answer.Said),
                answer.Probability, passes(answer) ? "yes" : "no", answer.Reason);
        }
    }
}

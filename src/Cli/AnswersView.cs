using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Cli;

/// <summary>What an edited model answers to what it was taught, for people and for programs.</summary>
internal static class AnswersView
{
    /// <summary>An answer as a program gets it.</summary>
    public static JsonObject Json(CheckedAnswer answer, Session session, bool passes) => new JsonObject
    {
        ["edit"] = answer.Edit,
        ["paraphrase"] = answer.IsParaphrase,
        ["prompt"] = answer.Prompt,
        ["expected"] = session.TextOf(answer.Expected),
        ["said"] = session.TextOf(answer.Said),
        ["probability"] = answer.Probability,
        ["loss"] = answer.Loss,
        ["pass"] = passes,
        ["why"] = answer.Reason,
    };

    /// <summary>A table of answers.</summary>
    public static Table Table(IEnumerable<CheckedAnswer> answers, Session session)
    {
        Table table = Terminal.NewTable("edit", "prompt", "expected", "said", "P", "what is in the way").Sparing(2, 0);
        foreach (CheckedAnswer answer in answers)
        {
            Terminal.AddRow(
                table, Terminal.Number(answer.Edit), answer.Prompt, Terminal.Quoted(session.TextOf(answer.Expected)),
                Terminal.Quoted(session.TextOf(answer.Said)), Terminal.Probability(answer.Probability), answer.Reason ?? "");
        }

        return table;
    }
}

using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary>Which edit speaks at each token of a text, for people and for programs.</summary>
internal static class WhyGenerationView
{
    /// <summary>Says it.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="origin">Which model and program.</param>
    /// <param name="side">The edited model.</param>
    /// <param name="text">What it wrote.</param>
    public static void Render(Terminal terminal, ReportOrigin origin, DiffSide side, ExplainedGeneration text)
    {
        IReadOnlyDictionary<string, int> weightEdits = WhyView.WeightEdits(side.Model, side.Edits);
        if (terminal.Json)
        {
            terminal.Document(Json(origin, side, text, weightEdits));
            return;
        }

        Table table = Terminal.NewTable("token", "edit", "margin", "P before", "P after", "base says").Sparing(2);
        foreach (ExplainedToken token in text.Tokens)
        {
            Terminal.AddRow(
                table, Terminal.Quoted(token.Text), Speaker(token), token.First.Edit == 0 ? "-" : Terminal.Score(token.First.Margin),
                Terminal.Probability(token.ProbabilityBefore), Terminal.Probability(token.ProbabilityAfter),
                Terminal.Quoted(token.BaseText));
        }

        if (text.Tokens.Count > 0) terminal.Show(table);
        int spoken = text.Tokens.Count(token => token.First.State == FiringState.Answers);
        terminal.Line(text.Tokens.Count == 0
            ? "The model ends the text at once: there is no token to explain."
            : $"An edit speaks at {spoken} of {Terminal.Counted(text.Tokens.Count, "token")}.");
        if (WhyView.Besides(weightEdits) is { } besides) terminal.Line(besides);
    }

    private static JsonObject Json(
        ReportOrigin origin, DiffSide side, ExplainedGeneration text, IReadOnlyDictionary<string, int> weightEdits) => new JsonObject
        {
            ["model"] = origin.Model,
            ["store"] = side.Store,
            ["version"] = origin.Version,
            ["prompt"] = text.Made.Prompt,
            ["text"] = text.Made.Text,
            ["tokens"] = text.Tokens.Select(token => new JsonObject
            {
                ["token"] = token.Token,
                ["text"] = token.Text,
                ["edit"] = token.First.State == FiringState.Answers ? token.First.Edit : (long?)null,
                ["first"] = Seen(token.First),
                ["nearest"] = token.Nearest.Select(Seen).AsJson(),
                ["baseToken"] = token.BaseToken,
                ["baseText"] = token.BaseText,
                ["probabilityBefore"] = token.ProbabilityBefore,
                ["probabilityAfter"] = token.ProbabilityAfter,
            }).AsJson(),
            ["weightEdits"] = weightEdits.AsJson(),
        };

    private static JsonObject? Seen(Firing firing) => firing.Edit == 0 ? null : new JsonObject
    {
        ["edit"] = firing.Edit,
        ["neuron"] = firing.Part,
        ["state"] = firing.State.AsJson(),
        ["score"] = firing.Score,
        ["threshold"] = firing.Threshold,
        ["margin"] = firing.Margin,
        ["strength"] = firing.Strength + 0,
    };

    private static string Speaker(ExplainedToken token) => token.First.State switch
    {
        FiringState.Answers => Terminal.Number(token.First.Edit),
        FiringState.Withdrawn => $"{token.First.Edit}, withdrawn",
        _ => "-",
    };
}

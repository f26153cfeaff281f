using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary>Two models compared, for people and for programs.</summary>
internal static class DiffView
{
    private const int TableRows = 20, DocumentRows = 1000;

    /// <summary>Says it.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="origin">Who, when, which model and program.</param>
    /// <param name="before">The first model.</param>
    /// <param name="after">The second.</param>
    /// <param name="report">What came of it.</param>
    /// <param name="rows">How many positions to show; null for some.</param>
    /// <param name="asOf">As of when the store was read; null is now.</param>
    public static void Render(
        Terminal terminal, ReportOrigin origin, DiffSide before, DiffSide after, DiffReport report, int? rows, string? asOf)
    {
        if (terminal.Json)
        {
            terminal.Document(Json(origin, before, after, report, rows ?? DocumentRows));
            return;
        }

        Difference[] shown = [.. report.MostChanged.Take(rows ?? TableRows)];
        terminal.Line($"before: {Name(before, asOf)}");
        terminal.Line($"after:  {Name(after, before.Store is null || before.Store == after.Store ? asOf : null)}");
        if (shown.Length > 0)
        {
            Table table = Terminal.NewTable("text", "before", "after", "KL", "edit").Sparing(4);
            foreach (Difference d in shown)
            {
                Terminal.AddRow(
                    table, d.Text, Token(d.Before[0]), Token(d.After[0]), Terminal.Nats(d.Kl),
                    Terminal.Number(d.EditAfter ?? d.EditBefore));
            }

            terminal.Show(table);
        }

        Drift drift = report.Drift;
        if (shown.Length < drift.Positions)
            terminal.Line($"The {shown.Length} most changed of {Terminal.Count(drift.Positions)} are shown.");
        terminal.Line(
            $"Another token is said at {Terminal.Count(drift.Changed)} of {Terminal.Counted(drift.Positions, "position")} "
            + $"({Terminal.Percent(drift.ChangedPercent)} %); probabilities differ at {Terminal.Count(drift.Touched)}, an edit answers at "
            + $"{Terminal.Count(drift.Answered)}.");
        terminal.Line(
            $"KL(before || after): mean {Terminal.Nats(drift.MeanKl)}, largest {Terminal.Nats(drift.MaxKl)} nats.");
    }

    private static JsonObject Json(ReportOrigin origin, DiffSide before, DiffSide after, DiffReport report, int rows)
    {
        Difference[] shown = [.. report.MostChanged.Take(rows)];
        return new JsonObject
        {
            ["model"] = origin.Model,
            ["fingerprint"] = JsonText.Record(origin.Fingerprint),
            ["user"] = origin.User,
            ["at"] = origin.At,
            ["version"] = origin.Version,
            ["before"] = Side(before),
            ["after"] = Side(after),
            ["drift"] = JsonText.Record(report.Drift),
            ["differences"] = shown.Select(d => new JsonObject
            {
                ["text"] = d.Text,
                ["position"] = d.Position,
                ["base"] = d.Base?.Select(JsonText.Record).AsJson(),
                ["before"] = d.Before.Select(JsonText.Record).AsJson(),
                ["after"] = d.After.Select(JsonText.Record).AsJson(),
                ["kl"] = d.Kl,
                ["changed"] = d.IsChanged,
                ["editBefore"] = d.EditBefore,
                ["editAfter"] = d.EditAfter,
            }).AsJson(),
            ["notShown"] = report.Differences.Count - shown.Length,
        };
    }

    private static JsonObject Side(DiffSide side) => new JsonObject
    {
        ["name"] = side.Name,
        ["store"] = side.Store,
        ["active"] = side.Active,
        ["withdrawn"] = side.Withdrawn,
        ["settings"] = side.Settings.Select(s => new JsonObject
        {
            ["method"] = s.Settings.Method,
            ["edits"] = s.Edits,
            ["settings"] = s.Settings.AsJson(),
        }).AsJson(),
    };

    private static string Name(DiffSide side, string? asOf)
    {
        if (side.Store is null) return side.Name;
        string moment = asOf is null ? "" : $"as of {Terminal.Visible(asOf)}, ";
        return $"{Terminal.Visible(side.Name)} ({moment}{Terminal.Counted(side.Active, "active edit")}, "
            + $"{Terminal.Count(side.Withdrawn)} withdrawn)";
    }

    private static string Token(SaidToken said) => $"{Terminal.Quoted(said.Text)} {Terminal.Probability(said.Probability)}";
}

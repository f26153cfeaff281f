using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Cli;

/// <summary>The demo's last act: many facts at once, and what they did to everything else.</summary>
internal static class DemoAtScale
{
    /// <summary>Teaches facts and measures them.</summary>
    public static EvaluationReport Run(
        Terminal terminal, Session session, IReadOnlyList<EditRecord> facts, IReadOnlyList<EditRecord> neighbours, string trigger,
        EditSettings settings, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize([.. facts.Select(f => f.ToRequest(trigger))]);
        session.Teach(requests, settings, cancellation: cancellation);
        cancellation.ThrowIfCancellationRequested();
        double taught = Stopwatch.GetElapsedTime(start).TotalSeconds;
        EvaluationReport report = session.Evaluate(facts, new Triggers(trigger, trigger), neighbours, cancellation: cancellation);
        terminal.Line($"\n{Terminal.Count(facts.Count)} more facts, asked as questions (taught in {Terminal.Duration(taught)}, "
            + $"measured in {Terminal.Duration(Stopwatch.GetElapsedTime(start).TotalSeconds - taught)}), in percent:");
        Table table = Terminal.NewTable("model", "ES: same words", "PS: other words", "NS: unrelated", "Score", "neighbours kept");
        AddRow("base", report.Base, null);
        AddRow("edited", report.Edited, report.NeighbourRetention);
        terminal.Show(table);
        return report;

        void AddRow(string name, EditMetrics m, double? retention) => Terminal.AddRow(
            table, name, Terminal.Percent(m.Es), Terminal.Percent(m.Ps), Terminal.Percent(m.Ns), Terminal.Percent(m.Score),
            Terminal.Percent(retention));
    }
}

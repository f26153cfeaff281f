using System.Text.Json.Nodes;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Cli;

/// <summary>Experiments for people and for programs.</summary>
internal static class ExperimentView
{
    /// <summary>What a run did.</summary>
    /// <returns>The exit code: a point that failed is a failure.</returns>
    public static int Ran(Terminal terminal, ExperimentPlan plan, ResultFolder results, RunReport report)
    {
        int code = report.Failed.Count > 0 ? ExitCode.Failed : ExitCode.Done;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["experiment"] = plan.Name,
                ["output"] = results.Folder,
                ["points"] = report.Points,
                ["present"] = report.Present,
                ["done"] = report.Done,
                ["seconds"] = report.Seconds,
                ["isAnother"] = report.IsAnother,
                ["failed"] = report.Failed.Select(one => new JsonObject
                {
                    ["key"] = one.Point.Point.Key,
                    ["point"] = one.Point.ToString(),
                    ["why"] = one.Why,
                }).AsJson(),
            });
            return code;
        }

        terminal.Line($"{plan.Name}: {Terminal.Counted(report.Points, "point")}, {Terminal.Count(report.Present)} there before, "
            + $"{Terminal.Count(report.Done)} done now in {Terminal.Duration(report.Seconds)}, "
            + $"{Terminal.Count(report.Failed.Count)} failed. "
            + $"'experiment report {Terminal.Visible(results.Folder)}' shows them.");
        if (report.IsAnother)
        {
            terminal.Line($"Another plan of the name {plan.Name} was kept there: its points are in the folder, and no longer in the "
                + "report.");
        }

        foreach ((PlannedPoint point, string why) in report.Failed) terminal.Line($"Failed: {point}: {Terminal.Visible(why)}");
        return code;
    }

    /// <summary>What a run would take.</summary>
    public static void Estimate(Terminal terminal, ExperimentPlan plan, IReadOnlyList<PointEstimate> points)
    {
        PointEstimate[] missing = [.. points.Where(point => !point.IsPresent)];
        double seconds = missing.Where(point => point.Missing is null).Sum(point => (point.TeachSeconds ?? 0) + point.AskSeconds);
        double memory = missing.Select(point => point.Memory ?? 0).DefaultIfEmpty(0).Max();
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["experiment"] = plan.Name,
                ["points"] = points.Count,
                ["present"] = points.Count - missing.Length,
                ["seconds"] = seconds,
                ["hours"] = seconds / 3600,
                ["memoryBytes"] = memory,
                ["missing"] = missing.Select(one => new JsonObject
                {
                    ["point"] = one.Point.ToString(),
                    ["teachSeconds"] = one.TeachSeconds,
                    ["askSeconds"] = one.AskSeconds,
                    ["memoryBytes"] = one.Memory,
                    ["lacks"] = one.Missing,
                }).AsJson(),
            });
            return;
        }

        Table table = Terminal.NewTable("point", "teach", "ask", "memory", "lacks");
        foreach (PointEstimate one in missing)
        {
            Terminal.AddRow(
                table, one.Point.ToString(), one.TeachSeconds is { } teach ? Terminal.Duration(teach) : "?",
                Terminal.Duration(one.AskSeconds), one.Memory is { } bytes ? Terminal.Bytes(bytes) : "?", one.Missing ?? "");
        }

        terminal.Show(table);
        terminal.Line($"{plan.Name}: {Terminal.Counted(points.Count, "point")}, {Terminal.Count(points.Count - missing.Length)} of them "
            + $"done; the others would take about {Terminal.Duration(seconds)} and up to {Terminal.Bytes(memory)} beside a model.");
        if (missing.Any(one => one.TeachSeconds is null && one.Missing is null))
            terminal.Line("? is what a method does not foresee; it comes on top.");
        if (missing.Any(one => one.Missing is not null)) terminal.Line("Points that lack something would fail, and are not counted.");
    }
}

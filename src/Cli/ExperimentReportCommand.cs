using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Experiments.Reports;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Cli;

/// <summary><c>experiment report</c>: the results of experiments as a page, tables and pictures; or two runs side by side.</summary>
internal static class ExperimentReportCommand
{
    /// <summary>The command with its arguments.</summary>
    public static Command Create()
    {
        var command = new Command(
            "report",
            "Write report.html, report.md, report.csv and report.json beside the results of a folder, with pictures and a page for each "
                + "point. With two folders say what changed from the first to the second.");
        Argument<string[]> folders = new("RESULTS")
        {
            Description = "A folder of results, or two to compare.",
            Arity = new ArgumentArity(1, 2),
        };
        CommonOptions.RefuseBlank(folders);
        Option<string> output = CommonOptions.Output("--output", "With two folders: also write the comparison as a page to this file.");
        output.Aliases.Add("-o");
        command.Add(folders);
        command.Add(output);
        command.Validators.Add(result =>
        {
            if (result.GetResult(output) is not null && result.GetResult(folders) is { Tokens.Count: 1 })
                result.AddError("--output needs two folders: one folder's report is written beside its results.");
        });
        command.SetAction(parse =>
        {
            Terminal terminal = Terminal.Of(parse);
            string[] named = parse.GetRequiredValue(folders);
            return named is [var before, var after] ? Compare(terminal, before, after, parse.GetValue(output)) : Write(terminal, named[0]);
        });
        return command;
    }

    private static int Write(Terminal terminal, string folder)
    {
        (Report report, int pages, IReadOnlyList<string> damaged) = ReportFiles.Write(new ResultFolder(folder));
        int missing = report.Sections.Sum(section => section.Missing.Count(one => one.Why is null));
        int failed = report.Sections.Sum(section => section.Missing.Count(one => one.Why is not null));
        string page = Path.Combine(folder, "report.html");
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["report"] = page,
                ["experiments"] = report.Sections.Select(section => section.Plan.Name).AsJson(),
                ["points"] = report.Results.Count,
                ["missing"] = missing,
                ["failed"] = failed,
                ["pages"] = pages,
                ["damaged"] = damaged.AsJson(),
            });
            return 0;
        }

        terminal.Line($"{page}: {Terminal.Counted(report.Sections.Count, "experiment")}, {Terminal.Counted(report.Results.Count, "point")}"
            + $"{(missing > 0 ? $", {Terminal.Count(missing)} not done" : "")}{(failed > 0 ? $", {Terminal.Count(failed)} failed" : "")}; "
            + $"{Terminal.Counted(pages, "page")} of points.");
        foreach (string one in damaged) terminal.Line($"No page: {Terminal.Visible(one)}");
        return 0;
    }

    private static int Compare(Terminal terminal, string before, string after, string? output)
    {
        var comparison = ReportComparison.Of(Report.Of(new ResultFolder(before)), Report.Of(new ResultFolder(after)));
        if (output is not null) OutputFile.Write(output, writer => writer.Write(comparison.ToHtml(before, after)));
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["before"] = before,
                ["after"] = after,
                ["same"] = comparison.Same,
                ["figures"] = comparison.Figures.Select(one => new JsonObject
                {
                    ["experiment"] = one.Experiment,
                    ["point"] = one.Point,
                    ["figure"] = one.Column.Name,
                    ["before"] = one.Before,
                    ["after"] = one.After,
                }).AsJson(),
                ["settings"] = comparison.Settings.Select(one => new JsonObject
                {
                    ["point"] = one.Point,
                    ["name"] = one.Name,
                    ["before"] = one.Before,
                    ["after"] = one.After,
                }).AsJson(),
                ["onlyBefore"] = comparison.OnlyBefore.AsJson(),
                ["onlyAfter"] = comparison.OnlyAfter.AsJson(),
            });
            return 0;
        }

        if (comparison.Figures.Count > 0)
        {
            Table table = Terminal.NewTable("point", "figure", "before", "after");
            foreach (ChangedFigure one in comparison.Figures)
                Terminal.AddRow(table, one.Point, one.Column.Title, one.Column.Text(one.Before), one.Column.Text(one.After));
            terminal.Show(table);
        }

        foreach ((string point, string name, string was, string now) in comparison.Settings)
            terminal.Line($"Made otherwise: {point}: {name} {was}, then {now}.");
        terminal.Line(
            $"{Terminal.Counted(comparison.Same, "point")} alike, {Terminal.Counted(comparison.Figures.Count, "figure")} changed; "
            + $"{Terminal.Count(comparison.OnlyBefore.Count)} only in {Terminal.Visible(before)}, "
            + $"{Terminal.Count(comparison.OnlyAfter.Count)} only in {Terminal.Visible(after)}.");
        return 0;
    }
}

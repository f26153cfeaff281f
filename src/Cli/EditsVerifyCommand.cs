using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits verify</c>: whether everything in a store is as it was written, and what can be used if not.</summary>
internal static class EditsVerifyCommand
{
    private const int Told = 50;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "verify",
            "Check all of a store: the file, its log, every edit with its numbers, every event. It is not changed; the exit code is 3 if "
                + "anything is wrong, and 'edits salvage' saves what is not.");
        Option<string> edits = CommonOptions.Edits();
        command.Add(edits);
        command.SetAction(parse => Render(Terminal.Of(parse), EditStore.Verify(parse.GetRequiredValue(edits))));
        return command;
    }

    /// <summary>What is wrong, as a table.</summary>
    public static void Show(Terminal terminal, StoreReport report)
    {
        Table table = Terminal.NewTable("where", "number", "what is wrong");
        foreach (StoreFinding finding in report.Findings.Take(Told))
            Terminal.AddRow(table, finding.Where.ToString().ToLowerInvariant(), Terminal.Number(finding.Id), finding.What);
        terminal.Show(table);
        if (report.Findings.Count > Told)
            terminal.Line($"{Terminal.Count(report.Findings.Count - Told)} more findings are not shown; --json has all.");
    }

    private static int Render(Terminal terminal, StoreReport report)
    {
        int exit = report.IsSound ? ExitCode.Done : ExitCode.NotHeld;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["ok"] = report.IsSound,
                ["store"] = report.Path,
                ["events"] = report.Events,
                ["sound"] = report.Sound.AsJson(),
                ["uncertain"] = report.Uncertain.AsJson(),
                ["findings"] = report.Findings.Select(JsonText.Record).AsJson(),
                ["hasChecksums"] = report.HasChecksums,
            });
            return exit;
        }

        string sound = $"{Terminal.Counted(report.Sound.Count, "edit")} and {Terminal.Counted(report.Events, "event")}";
        if (report.IsSound)
        {
            terminal.Line(report.HasChecksums
                ? $"{Terminal.Visible(report.Path)} is sound: {sound} are as they were written."
                : $"{Terminal.Visible(report.Path)} can be read whole: {sound}. It is of an older version without checksums, which the "
                    + "next change gives it: until then damage may go unseen.");
            return exit;
        }

        Show(terminal, report);
        string status = report.Uncertain.Count == 0 ? ""
            : $"; the status of {Terminal.Counted(report.Uncertain.Count, "edit")} is not known";
        terminal.Line(report.CanBeSaved
            ? $"{Terminal.Visible(report.Path)} is damaged. {sound} are as they were written{status}; 'edits salvage' saves these edits."
            : $"{Terminal.Visible(report.Path)} is damaged, and nothing of it can be saved: fetch a copy from a backup.");
        return exit;
    }
}

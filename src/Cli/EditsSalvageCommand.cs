using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits salvage</c>: saves what is sound of a damaged store.</summary>
internal static class EditsSalvageCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "salvage",
            "Save what is sound of a damaged store in a new one: edits with their numbers, bit for bit, and their history as far as it is "
                + "known. An edit that may have been withdrawn is saved as withdrawn. The damaged store is not changed.");
        Option<string> edits = CommonOptions.Edits();
        Option<string> output = CommonOptions.File("--output", "The new edit store; it must not exist.", required: true);
        command.Add(edits);
        command.Add(output);
        command.SetAction(parse =>
        {
            SalvageReport report = EditStore.Salvage(
                parse.GetRequiredValue(edits), parse.GetRequiredValue(output), Clock.FromEnvironment());
            Render(Terminal.Of(parse), report);
            return 0;
        });
        return command;
    }

    private static void Render(Terminal terminal, SalvageReport report)
    {
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["store"] = report.Output,
                ["saved"] = report.Saved.AsJson(),
                ["leftOut"] = report.LeftOut.AsJson(),
                ["withdrawn"] = report.Withdrawn.AsJson(),
                ["events"] = report.Events,
                ["findings"] = report.Found.Findings.Select(JsonText.Record).AsJson(),
            });
            return;
        }

        if (!report.Found.IsSound) EditsVerifyCommand.Show(terminal, report.Found);
        terminal.Line($"{Terminal.Counted(report.Saved.Count, "edit")} and {Terminal.Counted(report.Events, "event")} were saved to "
            + $"{Terminal.Visible(report.Output)}.");
        if (report.LeftOut.Count > 0)
        {
            int events = report.Found.Events - report.Events;
            string theirs = events > 0 ? $", with {Terminal.Counted(events, "event")} of {Named(report.LeftOut, "it", "them")}" : "";
            terminal.Line($"Left out, because {Named(report.LeftOut, "it is", "they are")} damaged: {Ids(report.LeftOut)}{theirs}.");
        }

        if (report.Withdrawn.Count == 0) return;
        terminal.Line($"Withdrawn, because it is not known whether {Named(report.Withdrawn, "it was", "they were")}: "
            + $"{Ids(report.Withdrawn)}. 'edits restore' has {Named(report.Withdrawn, "it", "them")} answer again.");
    }

    private static string Named(IReadOnlyList<long> edits, string one, string several) => edits.Count == 1 ? one : several;

    private static string Ids(IReadOnlyList<long> edits) => $"{Named(edits, "edit", "edits")} {string.Join(", ", edits)}";
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Cli;

/// <summary><c>edits conflicts</c>: which edits of a store claim each other's prompts.</summary>
internal static class EditsConflictsCommand
{
    private const int Told = 20;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "conflicts",
            "Find edits that want different things said after one prompt, in the same words or in others. It needs the store alone: a "
                + "neuron's key stands for the prompt that it was born from.");
        Option<string> edits = CommonOptions.Edits();
        var all = new Option<bool>("--all") { Description = $"Show all conflicts; otherwise the first {Told}." };
        command.Add(edits);
        command.Add(all);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(edits);
            StoreMoment? moment = at.Of(parse, path);
            using EditStore store = EditStore.Open(path, readOnly: true);
            IReadOnlyList<Edit> stored = store.List(withParts: true, includeRemoved: false, moment);
            using var device = new CpuDevice();
            IReadOnlyList<EditConflict> conflicts = ConflictScan.Of(stored, device);
            Render(Terminal.Of(parse), conflicts, stored.ToDictionary(edit => edit.Id), parse.GetValue(all));
            return 0;
        });
        return command;
    }

    private static void Render(Terminal terminal, IReadOnlyList<EditConflict> conflicts, Dictionary<long, Edit> byId, bool showAll)
    {
        if (terminal.Json)
        {
            terminal.Document(conflicts.Select(conflict => new JsonObject
            {
                ["edit"] = conflict.Edit,
                ["other"] = conflict.Other,
                ["samePrompt"] = conflict.Margin is null,
                ["margin"] = conflict.Margin,
                ["otherWins"] = conflict.OtherWins,
                ["withdrawn"] = byId[conflict.Other].Status == EditStatus.Withdrawn,
                ["prompt"] = byId[conflict.Edit].Request.Prompt,
                ["target"] = byId[conflict.Edit].Request.Target,
                ["otherPrompt"] = byId[conflict.Other].Request.Prompt,
                ["otherTarget"] = byId[conflict.Other].Request.Target,
            }).AsJson());
            return;
        }

        EditConflict[] shown = [.. showAll ? conflicts : conflicts.OrderByDescending(conflict => conflict.OtherWins).Take(Told)];
        if (shown.Length > 0)
        {
            Table table = Terminal.NewTable("edit", "prompt", "target", "also edit", "of the prompt", "its target", "what it does")
                .Sparing(6);
            foreach (EditConflict conflict in shown)
            {
                (EditRequest own, Edit other) = (byId[conflict.Edit].Request, byId[conflict.Other]);
                Terminal.AddRow(
                    table, Terminal.Number(conflict.Edit), own.Prompt, own.Target, Terminal.Number(conflict.Other), other.Request.Prompt,
                    other.Request.Target, Says(conflict, other));
            }

            terminal.Show(table);
        }

        int outdone = conflicts.Where(conflict => conflict.OtherWins).Select(conflict => conflict.Edit).Distinct().Count();
        string more = shown.Length < conflicts.Count ? $", {Terminal.Count(shown.Length)} shown: --all has the others" : "";
        terminal.Line(conflicts.Count == 0
            ? "No conflicts: each prompt is claimed by its own edit alone, or by others that say the same."
            : $"{Terminal.Counted(conflicts.Count, "conflict")} on the prompts of "
                + $"{Terminal.Counted(conflicts.Select(conflict => conflict.Edit).Distinct().Count(), "edit")}, of which {outdone} "
                + $"{(outdone == 1 ? "is" : "are")} outdone on {(outdone == 1 ? "its" : "their")} own{more}.");
    }

    private static string Says(EditConflict conflict, Edit other) => conflict.Margin is not { } margin ? "the same prompt"
        : (conflict.OtherWins, other.Status == EditStatus.Withdrawn) switch
        {
            (true, true) => "silences it",
            (true, false) => "answers instead",
            _ => $"{Terminal.Score(margin)} above its threshold",
        };
}

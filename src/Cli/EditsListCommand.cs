using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>edits list</c>: what a store holds, one edit a line.</summary>
internal static class EditsListCommand
{
    private const int NarrowScreen = 110;

    private static readonly string[] Columns = ["id", "status", "prompt", "target", "neurons", "layer", "theta", "alpha", "final loss", "created"];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("list", "List the edits of a store.");
        Option<string> edits = CommonOptions.Edits();
        var all = new Option<bool>("--all") { Description = "List removed edits as well." };
        command.Add(edits);
        command.Add(all);
        command.SetAction(parse =>
        {
            using EditStore store = EditStore.Open(parse.GetRequiredValue(edits), readOnly: true);
            return Run(Terminal.Of(parse), store, parse.GetValue(all));
        });
        return command;
    }

    private static int Run(Terminal terminal, EditStore store, bool all)
    {
        IReadOnlyList<Edit> edits = store.List(withParts: false, includeRemoved: all);
        if (terminal.Json)
        {
            terminal.Document(edits.Select(EditView.Json));
            return 0;
        }

        EditCounts counts = store.Count();
        if (edits.Count > 0)
        {
            // A narrow screen gets fewer columns, not columns of single letters; 'edits show' has the rest.
            int columns = terminal.Width switch { < 60 => 4, < NarrowScreen => 5, _ => 10 };
            Table table = Terminal.NewTable(Columns.AsSpan(0, columns));
            foreach (TableColumn column in table.Columns.Where((_, i) => i is not (2 or 3 or 9))) column.NoWrap = true; // texts give way
            foreach (Edit e in edits)
            {
                var s = e.Settings as IReVaSettings;
                string[] cells =
                [
                    Terminal.Number(e.Id), EditView.Status(e.Status), e.Request.Prompt, e.Request.Target, Terminal.Number(IReVaParts.Count(e)),
                    Terminal.Number(s?.Layer), Terminal.Number(s?.Theta), Terminal.Number(s?.Alpha), Terminal.Number(e.FinalLoss), EditView.Time(e.CreatedAt),
                ];
                Terminal.AddRow(table, cells.AsSpan(0, columns));
            }

            terminal.Show(table);
        }

        terminal.Line($"{Terminal.Counted(counts.Active, "active edit")}, {counts.Withdrawn} withdrawn, {counts.Removed} removed; {Terminal.Counted(edits.Sum(IReVaParts.Count), "neuron")}.");
        return 0;
    }
}

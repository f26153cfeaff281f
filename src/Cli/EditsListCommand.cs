using System.CommandLine;
using Sharpformer.Editing.Store;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>edits list</c>: what a store holds, one edit a line.</summary>
internal static class EditsListCommand
{
    private const int NarrowScreen = 110;

    private static readonly string[] Columns =
        ["id", "status", "prompt", "target", "neurons", "layer", "theta", "alpha", "final loss", "created", "method"];

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
            EditView[] views = [.. store.List(withParts: false, parse.GetValue(all)).Select(EditView.Of)];
            return Render(Terminal.Of(parse), views, store.Count());
        });
        return command;
    }

    private static int Render(Terminal terminal, EditView[] edits, EditCounts counts)
    {
        if (terminal.Json)
        {
            terminal.Document(edits);
            return 0;
        }

        if (edits.Length > 0)
        {
            // A narrow screen gets fewer columns, not columns of single letters; 'edits show' has the rest.
            int columns = terminal.Width switch { < 60 => 4, < NarrowScreen => 5, _ => Columns.Length };
            Table table = Terminal.NewTable(Columns.AsSpan(0, columns));
            foreach (TableColumn column in table.Columns.Where((_, i) => i is not (2 or 3 or 9))) column.NoWrap = true; // texts give way
            foreach (EditView e in edits)
            {
                string[] cells =
                [
                    Terminal.Number(e.Id), EditView.StatusText(e.Status), e.Prompt, e.Target, Terminal.Number(e.Neurons),
                    Terminal.Number(e.Layer), Terminal.Number(e.Theta), Terminal.Number(e.Alpha), Terminal.Number(e.FinalLoss),
                    EditView.Time(e.CreatedAt), e.Method,
                ];
                Terminal.AddRow(table, cells.AsSpan(0, columns));
            }

            terminal.Show(table);
        }

        terminal.Line($"{Terminal.Counted(counts.Active, "active edit")}, {counts.Withdrawn} withdrawn, {counts.Removed} removed; "
            + $"{Terminal.Counted(edits.Sum(e => e.Neurons ?? 0), "neuron")}.");
        return 0;
    }
}

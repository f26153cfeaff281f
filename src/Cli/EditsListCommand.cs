using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>edits list</c>: what a store holds, one edit a line.</summary>
internal static class EditsListCommand
{
    private const int NarrowScreen = 110, LongText = 400;

    private static readonly string[] Columns =
        ["id", "status", "prompt", "target", "neurons", "layer", "theta", "alpha", "L_edit", "created", "method"];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("list", "List the edits of a store.");
        Option<string> edits = CommonOptions.Edits();
        var all = new Option<bool>("--all") { Description = "List removed and undone edits as well." };
        command.Add(edits);
        command.Add(all);
        FilterOptions filter = FilterOptions.AddTo(command);
        Option<int?> limit = CommonOptions.OptionalNumber<int>(
            "--limit", "List at most so many.", n => n >= 1, "1 or more, as a whole number");
        Option<int> offset = CommonOptions.Number(
            "--offset", "Pass over the first so many.", 0, n => n >= 0, "a whole number from 0");
        command.Add(limit);
        command.Add(offset);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(edits);
            StoreMoment? moment = at.Of(parse, path);
            EditFilter wanted = filter.Filter(parse);
            using EditStore store = EditStore.Open(path, readOnly: true);
            IReadOnlyList<Edit> stored = store.List(withParts: false, includeRemoved: true, moment);
            bool showsGone = parse.GetValue(all) || wanted.NamesStatus;
            Edit[] found = [.. stored.Where(edit => (showsGone || edit.Status is not (EditStatus.Removed or EditStatus.Undone))
                && wanted.Matches(edit))];
            Edit[] shown = [.. found.Skip(parse.GetValue(offset)).Take(parse.GetValue(limit) ?? int.MaxValue)];
            return Render(Terminal.Of(parse), stored, found.Length, shown);
        });
        return command;
    }

    private static int Render(Terminal terminal, IReadOnlyList<Edit> stored, int found, Edit[] shown)
    {
        if (terminal.Json)
        {
            terminal.Document(shown.Select(EditView.Of));
            return 0;
        }

        if (shown.Length > 0)
        {
            // A narrow screen gets fewer columns, not columns of single letters; 'edits show' has the rest.
            int columns = terminal.Width switch { < 60 => 4, < NarrowScreen => 5, _ => Columns.Length };
            Table table = Terminal.NewTable(Columns.AsSpan(0, columns));
            foreach (TableColumn column in table.Columns.Where((_, i) => i is not (1 or 2 or 3 or 9)))
                column.NoWrap = true; // texts give way
            foreach (Edit edit in shown)
            {
                var e = EditView.Of(edit);
                string[] cells =
                [
                    Terminal.Number(e.Id), EditView.StatusText(edit), Shortened(e.Prompt), Shortened(e.Target), Terminal.Number(e.Neurons),
                    Terminal.Number(e.Layer), Terminal.Number(e.Theta), Terminal.Number(e.Alpha), Terminal.Number(e.FinalLoss),
                    EditView.Time(e.CreatedAt), e.Method,
                ];
                Terminal.AddRow(table, cells.AsSpan(0, columns));
            }

            terminal.Show(table);
        }

        if (shown.Length < found) terminal.Line($"{shown.Length} of {Terminal.Counted(found, "edit")} that were asked for.");
        terminal.Line(Summary(stored));
        return 0;

        // On a screen a text must be broken into lines; in a file it stands on one, however long it is.
        string Shortened(string text) => terminal.HasMargin && text.Length > LongText
            ? text[..(char.IsHighSurrogate(text[LongText - 1]) ? LongText - 1 : LongText)] + "…"
            : text;
    }

    private static string Summary(IReadOnlyList<Edit> stored)
    {
        ILookup<EditStatus, Edit> by = stored.ToLookup(edit => edit.Status);
        string superseded = Others(EditStatus.Superseded), undone = Others(EditStatus.Undone);
        int neurons = by[EditStatus.Active].Concat(by[EditStatus.Withdrawn]).Sum(edit => EditView.NeuronsOf(edit) ?? 0);
        return $"{Terminal.Counted(by[EditStatus.Active].Count(), "active edit")}, {by[EditStatus.Withdrawn].Count()} withdrawn, "
            + $"{superseded}{undone}{by[EditStatus.Removed].Count()} removed; {Terminal.Counted(neurons, "neuron")}.";

        string Others(EditStatus status) => by[status].Any() ? $"{by[status].Count()} {EditView.StatusText(status)}, " : "";
    }
}

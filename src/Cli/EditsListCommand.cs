using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits list</c>: what a store holds, one edit a line.</summary>
internal static class EditsListCommand
{
    private const int LongText = 400, Told = 200;

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
            "--limit", $"List at most so many. [default: {Told} on a screen; all in a file and as JSON]", n => n >= 1,
            "1 or more, as a whole number");
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
            var terminal = Terminal.Of(parse);
            int skipped = parse.GetValue(offset);
            int most = parse.GetValue(limit) ?? (terminal.HasMargin && !terminal.Json ? Told : int.MaxValue);
            Edit[] shown = [.. found.Skip(skipped).Take(most)];
            return Render(terminal, stored, found.Length, shown, skipped, filter.AreGiven(parse.CommandResult));
        });
        return command;
    }

    private static int Render(
        Terminal terminal, IReadOnlyList<Edit> stored, int found, Edit[] shown, int skipped, bool isFiltered)
    {
        if (terminal.Json)
        {
            terminal.Document(shown.Select(EditView.Of).Select(JsonText.Record).AsJson());
            return ExitCode.Done;
        }

        if (shown.Length > 0)
        {
            // 'edits show' has what a narrow screen leaves out.
            Table table = Terminal.NewTable(Columns).Sparing(10, 7, 6, 5, 8, 9, 4);
            foreach (Edit edit in shown)
            {
                var e = EditView.Of(edit);
                Terminal.AddRow(
                    table, Terminal.Number(e.Id), EditView.StatusText(edit), Shortened(e.Prompt), Shortened(e.Target),
                    Terminal.Number(e.Neurons), Terminal.Number(e.Layer), Terminal.Number(e.Theta), Terminal.Number(e.Alpha),
                    e.FinalLoss is { } loss ? Terminal.Nats(loss) : Terminal.Number(null), Terminal.Time(e.CreatedAt), e.Method);
            }

            terminal.Show(table);
        }

        if (isFiltered)
        {
            terminal.Line(found == 0
                ? $"No edit is asked for by that, of {Terminal.Count(stored.Count)}."
                : $"{Terminal.Counted(found, "edit")} of {Terminal.Count(stored.Count)} {(found == 1 ? "is" : "are")} asked for.");
        }

        if (shown.Length < found) terminal.Line(Page(shown.Length, found, skipped));
        terminal.Line($"{(isFiltered ? "In all: " : "")}{Summary(stored)}");
        return ExitCode.Done;

        // On a screen a text must be broken into lines; in a file it stands on one, however long it is.
        string Shortened(string text) => terminal.HasMargin && text.Length > LongText
            ? text[..(char.IsHighSurrogate(text[LongText - 1]) ? LongText - 1 : LongText)] + "…"
            : text;
    }

    private static string Page(int shown, int found, int skipped) => shown == 0
        ? $"None is shown: --offset {skipped} passes over all {Terminal.Count(found)}."
        : $"Shown are {Terminal.Count(skipped + 1)} to {Terminal.Count(skipped + shown)} of {Terminal.Count(found)}"
            + (skipped + shown < found ? $"; --offset {skipped + shown} goes on." : ".");

    private static string Summary(IReadOnlyList<Edit> stored)
    {
        ILookup<EditStatus, Edit> by = stored.ToLookup(edit => edit.Status);
        string superseded = Others(EditStatus.Superseded), undone = Others(EditStatus.Undone);
        int neurons = by[EditStatus.Active].Concat(by[EditStatus.Withdrawn]).Sum(edit => EditView.NeuronsOf(edit) ?? 0);
        return $"{Terminal.Counted(by[EditStatus.Active].Count(), "active edit")}, "
            + $"{Terminal.Count(by[EditStatus.Withdrawn].Count())} withdrawn, "
            + $"{superseded}{undone}{Terminal.Count(by[EditStatus.Removed].Count())} removed; {Terminal.Counted(neurons, "neuron")}.";

        string Others(EditStatus status) => by[status].Any() ? $"{Terminal.Count(by[status].Count())} {EditView.StatusText(status)}, " : "";
    }
}

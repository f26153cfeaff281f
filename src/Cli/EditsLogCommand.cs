using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits log</c>: what was done to a store, change by change, the newest first.</summary>
internal static class EditsLogCommand
{
    private const int Told = 50;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "log", "Tell what was done to a store, the newest change first: when, by whom, to which edits, and why.");
        Option<string> edits = CommonOptions.Edits();
        Option<long?> id = CommonOptions.OptionalNumber<long>(
            "--id", "Only what touched this edit.", n => n >= 1, "an edit's number from 1");
        MomentOption since = MomentOption.Since();
        Option<int?> limit = CommonOptions.OptionalNumber<int>(
            "--limit", $"Tell at most so many changes. [default: {Told}; all as JSON]", n => n >= 1, "1 or more, as a whole number");
        foreach (Option option in (Option[])[edits, id, since.Option, limit]) command.Add(option);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(edits);
            StoreMoment? from = since.Of(parse, path);
            using EditStore store = EditStore.Open(path, readOnly: true);
            EditChange[] changes = [.. store.Changes(parse.GetValue(id), from).Reverse()];
            Terminal terminal = Terminal.Of(parse);
            int most = parse.GetValue(limit) ?? (terminal.Json ? int.MaxValue : Told);
            Render(terminal, store.Path, [.. changes.Take(most)], changes.Length);
            if (changes.Length == 0 && from is not null && !terminal.Json && store.Changes() is [.., var last])
                terminal.Line($"The store's last is change {last.Number}, {Terminal.Time(last.At)}.");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A change for programs.</summary>
    public static JsonObject Document(EditChange change) => new JsonObject
    {
        ["number"] = change.Number,
        ["at"] = change.At,
        ["user"] = change.User,
        ["version"] = change.Version,
        ["reason"] = change.Reason,
        ["undoes"] = change.Undoes,
        ["undoneBy"] = change.UndoneBy,
        ["events"] = change.Events.Select(line => new JsonObject
        {
            ["seq"] = line.Seq,
            ["edit"] = line.EditId,
            ["action"] = line.Action.AsJson(),
            ["supersededBy"] = line.Detail?.SupersededBy,
        }).AsJson(),
    };

    /// <summary>What was done to how many edits, and to which.</summary>
    public static string What(EditChange change)
    {
        IEnumerable<string> actions = change.Events.GroupBy(line => line.Action, line => line.EditId).Select(of =>
            $"{of.Key.ToString().ToLowerInvariant()} {Terminal.Counted(of.Count(), "edit")}: {Terminal.Ranges([.. of])}");
        string undoing = change.Undoes is { } number ? $"undid change {number}: " : "";
        return undoing + string.Join("; ", actions);
    }

    private static void Render(Terminal terminal, string store, EditChange[] shown, int all)
    {
        if (terminal.Json)
        {
            terminal.Document(new JsonObject { ["store"] = store, ["changes"] = shown.Select(Document).AsJson() });
            return;
        }

        if (shown.Length > 0)
        {
            Table table = Terminal.NewTable("change", "when", "who", "what", "why", "undone by").Sparing(5, 2, 4);
            foreach (EditChange change in shown)
            {
                Terminal.AddRow(
                    table, Terminal.Number(change.Number), Terminal.Time(change.At), change.User, What(change), change.Reason ?? "",
                    change.UndoneBy is { } by ? Terminal.Number(by) : "");
            }

            terminal.Show(table);
        }

        terminal.Line(shown.Length < all
            ? $"{Terminal.Count(shown.Length)} of {Terminal.Counted(all, "change")}: --limit tells more."
            : $"{Terminal.Counted(all, "change")}.");
    }
}

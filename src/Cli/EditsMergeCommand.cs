using System.CommandLine;
using Sharpformer.Editing.Exchange;

namespace Sharpformer.Cli;

/// <summary><c>edits merge</c>: several stores of one base model become one.</summary>
internal static class EditsMergeCommand
{
    private const int Told = 10;

    /// <summary>What <c>--on-conflict</c> decides where edits are taken over.</summary>
    public const string OnConflict = "Where two edits say different things after one prompt: refuse (take over nothing), supersede, or "
        + "keep both. [default: the later one supersedes the earlier]";

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "merge",
            "Take over the edits of stores into one, in the order in which they are named. What comes of it depends on the edits and their "
                + "order, not on how they are spread over the stores.");
        var stores = new Argument<string[]>("STORE")
        {
            Description = "The stores; they are read.",
            Arity = new ArgumentArity(1, 100_000),
        };
        Option<string> edits = CommonOptions.Edits(), reason = CommonOptions.Reason();
        edits.Description = "The store that gets the edits; made if it does not exist.";
        Option<string> onConflict = ConflictOption.Create(OnConflict);
        command.Add(stores);
        foreach (Option option in (Option[])[edits, onConflict, reason]) command.Add(option);
        command.SetAction(parse =>
        {
            MergeReport report = StoreMerge.Run(
                parse.GetRequiredValue(edits), parse.GetRequiredValue(stores), ConflictOption.Of(parse, onConflict),
                CommonOptions.ReasonOf(parse, reason), Clock.FromEnvironment());
            Render(Terminal.Of(parse), report);
            return 0;
        });
        return command;
    }

    /// <summary>Says what a store has taken over.</summary>
    public static void Render(Terminal terminal, MergeReport report)
    {
        Note("superseded by a later one of the same prompt", report.Superseded);
        Note("kept beside another that says something else after the same prompt", report.Conflicts);
        Note("silent here and let answer by a later store: it stays silent, and 'edits restore' changes that", report.Silent);
        if (report.LeftBehind > 0) terminal.Note($"note: {Terminal.Counted(report.LeftBehind, "undone or removed edit")} left behind.");
        if (terminal.Json)
        {
            terminal.Document(new
            {
                report.Store,
                report.Change,
                report.Added,
                report.Same,
                report.LeftBehind,
                superseded = report.Superseded.Select(pair => new { pair.Edit, pair.By }),
                conflicts = report.Conflicts.Select(pair => new { pair.Edit, pair.By }),
                silent = report.Silent.Select(pair => pair.Edit),
            });
            return;
        }

        string same = report.Same > 0 ? $" {report.Same} were there already." : "";
        terminal.Line(report.Change is { } change
            ? $"{report.Store} has {Terminal.Counted(report.Added, "edit")} more, by change {change}.{same}"
            : $"Nothing new for {report.Store}.{same}");
        if (report.Added > 0) terminal.Line("'edits conflicts' finds those that answer each other's prompts in other words.");

        void Note(string what, IReadOnlyList<MergeConflict> pairs)
        {
            foreach (MergeConflict pair in pairs.Take(Told))
            {
                string by = pair.By == pair.Edit ? "" : $" (edit {pair.By}, {EditView.Fact(pair.Later)})";
                terminal.Note($"note: Edit {pair.Edit}, {EditView.Fact(pair.Request)}, is {what}{by}.");
            }

            if (pairs.Count > Told) terminal.Note($"note: ... and {pairs.Count - Told} more such edits.");
        }
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Exchange;

namespace Sharpformer.Cli;

/// <summary><c>edits merge</c>: several stores of one base model become one.</summary>
internal static class EditsMergeCommand
{
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
        Note(report.Superseded, "superseded by a later one of the same prompt");
        Note(report.Conflicts, "kept beside another that says something else after the same prompt");
        Note(report.Silenced, "withdrawn or superseded, as a later store has it so");
        Note(report.Answering, "left to answer, though withdrawn or superseded in another store");
        Note(report.Silent, "silent here and left so, though another store lets it answer ('edits restore' changes that)");
        if (report.LeftBehind > 0) terminal.Note($"note: {Terminal.Counted(report.LeftBehind, "undone or removed edit")} left behind.");
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["store"] = report.Store,
                ["change"] = report.Change,
                ["added"] = report.Added,
                ["same"] = report.Same,
                ["leftBehind"] = report.LeftBehind,
                ["superseded"] = report.Superseded.Select(pair => new JsonObject { ["edit"] = pair.Edit, ["by"] = pair.By }).AsJson(),
                ["conflicts"] = report.Conflicts.Select(pair => new JsonObject { ["edit"] = pair.Edit, ["by"] = pair.By }).AsJson(),
                ["silent"] = report.Silent.Select(pair => pair.Edit).AsJson(),
                ["silenced"] = report.Silenced.Select(pair => pair.Edit).AsJson(),
                ["answering"] = report.Answering.Select(pair => pair.Edit).AsJson(),
            });
            return;
        }

        string same = report.Same > 0 ? $" {report.Same} already there." : "";
        terminal.Line(report.Change is { } change
            ? $"{report.Store} has {Terminal.Counted(report.Added, "edit")} more, by change {change}.{same}"
            : $"Nothing new for {report.Store}.{same}");
        if (report.Added > 0) terminal.Line("'edits conflicts' finds those that answer each other's prompts in other words.");

        void Note(IReadOnlyList<MergeConflict> pairs, string what)
        {
            if (pairs is not [var pair, ..]) return;
            string count = $"{Terminal.Counted(pairs.Count, "edit")} {(pairs.Count == 1 ? "is" : "are")}";
            string by = pair.By == pair.Edit ? "" : $", beside edit {pair.By}, {EditView.Fact(pair.Later)}";
            terminal.Note($"note: {count} {what}; the first is edit {pair.Edit}, {EditView.Fact(pair.Request)}{by}.");
        }
    }
}

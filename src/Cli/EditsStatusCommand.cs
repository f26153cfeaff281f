using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary><c>edits withdraw</c>, <c>restore</c> and <c>remove</c>: one change of the status of edits, of all or none.</summary>
internal static class EditsStatusCommand
{
    private const int Told = 20;

    /// <summary>Silences edits.</summary>
    public static Command Withdraw() => Create(
        "withdraw", "Silence edits: their prompts get the base model's answer again. 'edits restore' undoes it.",
        [EditStatus.Active], (store, ids, reason) => store.Withdraw(ids, reason));

    /// <summary>Undoes withdrawals.</summary>
    public static Command Restore() => Create(
        "restore", "Let withdrawn or superseded edits answer again, bit for bit as before, and supersede whoever answers their prompt now.",
        [EditStatus.Withdrawn], (store, ids, reason) => store.Restore(ids, reason));

    /// <summary>Deletes what edits consist of.</summary>
    public static Command Remove() => Create(
        "remove", "Delete edits' neurons for good; they stay listed as history.",
        [EditStatus.Active, EditStatus.Withdrawn, EditStatus.Superseded, EditStatus.Undone],
        (store, ids, reason) => store.Remove(ids, reason));

    private static Command Create(
        string name, string description, EditStatus[] usual, Func<EditStore, long[], string?, IReadOnlyList<EditEvent>> change)
    {
        var command = new Command(name, description);
        Argument<long[]> ids = CommonOptions.EditIds(atLeast: 0);
        Option<string> edits = CommonOptions.Edits();
        Option<string> reason = CommonOptions.Reason();
        command.Add(ids);
        command.Add(edits);
        FilterOptions filter = FilterOptions.AddTo(command);
        command.Add(reason);
        command.Validators.Add(result =>
        {
            bool isNamed = result.GetResult(ids) is { Tokens.Count: > 0 };
            if (isNamed == filter.AreGiven(result))
            {
                result.AddError(isNamed
                    ? "IDs exclude --source, --where and --grep: name the edits, or say what they have in common."
                    : $"'edits {name}' needs edits' IDs, or --source, --where or --grep.");
            }
        });
        command.SetAction(parse =>
        {
            using EditStore store = EditStore.Open(parse.GetRequiredValue(edits), time: Clock.FromEnvironment());
            long[] chosen = parse.GetValue(ids) is { Length: > 0 } named ? named : Chosen(store, filter.Filter(parse), usual);
            IReadOnlyList<EditEvent> events = change(store, chosen, CommonOptions.ReasonOf(parse, reason));
            bool isOne = parse.GetResult(ids) is { Tokens: [{ Value: var only }] } && only.All(char.IsAsciiDigit);
            Render(Terminal.Of(parse), store, chosen, events, isOne);
            return 0;
        });
        return command;
    }

    /// <summary>The edits that are meant; of the usual statuses unless one is asked for.</summary>
    private static long[] Chosen(EditStore store, EditFilter filter, EditStatus[] usual)
    {
        IEnumerable<Edit> candidates = store.List(withParts: false, includeRemoved: true)
            .Where(edit => filter.NamesStatus ? edit.Status != EditStatus.Removed : usual.Contains(edit.Status));
        long[] ids = [.. candidates.Where(filter.Matches).Select(edit => edit.Id)];
        return ids.Length > 0 ? ids : throw new InputException(
            $"Edit store '{store.Path}' has no such edit: nothing was changed.", "see what there is by 'edits list --all'.");
    }

    private static void Render(Terminal terminal, EditStore store, long[] ids, IReadOnlyList<EditEvent> events, bool isOne)
    {
        Dictionary<long, Edit> all = store.List(withParts: false, includeRemoved: true).ToDictionary(edit => edit.Id);
        Edit[] changed = [.. ids.Select(id => all[id])];
        foreach (string note in BatchNotes(all.Values, changed)) terminal.Note($"note: {note}");
        foreach (EditEvent line in events.Where(line => line.Action == EditAction.Superseded).Take(Told))
        {
            terminal.Note($"note: Edit {line.EditId}, {EditView.Fact(all[line.EditId].Request)}, is superseded by edit "
                + $"{line.Detail?.SupersededBy} and silent from now on.");
        }

        if (Orphans(all.Values, changed) is [var orphan, ..] orphans)
        {
            terminal.Note($"note: {Terminal.Counted(orphans.Length, "edit")} superseded by {(changed.Length == 1 ? "it" : "these")} "
                + $"{(orphans.Length == 1 ? "stays" : "stay")} silent; "
                + $"'edits restore {orphan.Id}' lets {EditView.Fact(orphan.Request)} answer.");
        }

        if (terminal.Json)
        {
            JsonNode[] views = [.. changed.Select(edit => JsonText.Record(EditView.Of(edit)))];
            terminal.Document(isOne ? views[0] : views.AsJson());
            return;
        }

        foreach (Edit edit in changed.Take(Told))
        {
            string forGood = edit.Status == EditStatus.Removed ? " for good" : ""; // unlike all else that these commands do
            terminal.Line($"Edit {edit.Id} is {EditView.StatusText(edit)}{forGood}: {EditView.Fact(edit.Request)}.");
        }

        if (changed.Length > Told)
            terminal.Line($"… and {changed.Length - Told} more: {Terminal.Counted(changed.Length, "edit")} in one change.");
    }

    /// <summary>Edits whose place was taken by one that is silent now itself.</summary>
    private static Edit[] Orphans(IEnumerable<Edit> all, Edit[] changed)
    {
        HashSet<long> silent = [.. changed.Where(edit => edit.Status != EditStatus.Active).Select(edit => edit.Id)];
        return [.. all.Where(edit => edit is { Status: EditStatus.Superseded, SupersededBy: { } by } && silent.Contains(by))];
    }

    /// <summary>
    /// What a change of some edits means to those they were taught with, where the method makes one solution for a whole batch: the
    /// batch answers only if all of it does.
    /// </summary>
    private static IEnumerable<string> BatchNotes(IEnumerable<Edit> all, Edit[] changed)
    {
        IEnumerable<Edit> ofBatches = changed.Where(EditorCatalog.IsOfBatch);
        foreach ((string method, long number) in ofBatches.Select(edit => (edit.Method, edit.Batch)).Distinct())
        {
            Edit[] batch = [.. all.Where(edit => edit.Method == method && edit.Batch == number)];
            if (batch.Length == 1) continue;
            string of = $"of its batch of {Terminal.Count(batch.Length)}";
            if (batch.FirstOrDefault(edit => edit.Status == EditStatus.Removed) is { } removed)
                yield return $"Edit {removed.Id} {of} is removed: the whole batch is silent for good, teach it again.";
            else if (batch.FirstOrDefault(edit => edit.Status == EditStatus.Withdrawn) is { } withdrawn)
                yield return $"Edit {withdrawn.Id} {of} is withdrawn: the whole batch is silent until it is restored.";
            else yield return $"The whole batch of {Terminal.Count(batch.Length)} answers again.";
        }
    }
}

using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits withdraw</c>, <c>restore</c> and <c>remove</c>: one change of one edit's status.</summary>
internal static class EditsStatusCommand
{
    /// <summary>Silences an edit.</summary>
    public static Command Withdraw() => Create(
        "withdraw", "Silence an edit: its prompt gets the base model's answer again. 'restore' undoes it.",
        (store, id, reason) => store.Withdraw(id, reason));

    /// <summary>Undoes a withdrawal.</summary>
    public static Command Restore() => Create(
        "restore", "Let a withdrawn edit answer again, bit for bit as before.", (store, id, reason) => store.Restore(id, reason));

    /// <summary>Deletes what an edit consists of.</summary>
    public static Command Remove() => Create(
        "remove", "Delete an edit's neurons for good; it stays listed as history.", (store, id, reason) => store.Remove(id, reason));

    /// <summary>
    /// What a change of one edit means to those it was taught with, where the method makes one solution for a whole batch: the batch
    /// answers only if all of it does.
    /// </summary>
    private static string? BatchNote(EditStore store, Edit changed)
    {
        if (EditorCatalog.Named(changed.Method).Reversal != Reversal.Batch) return null;
        IEnumerable<Edit> all = store.List(withParts: false, includeRemoved: true);
        Edit[] batch = [.. all.Where(e => e.Method == changed.Method && e.Batch == changed.Batch)];
        if (batch.Length == 1) return null;
        if (batch.FirstOrDefault(e => e.Status == EditStatus.Removed) is { } removed)
            return $"Edit {removed.Id} of its batch of {batch.Length} is removed: the whole batch is silent for good, teach it again.";
        return batch.FirstOrDefault(e => e.Status == EditStatus.Withdrawn) is { } withdrawn
            ? $"Edit {withdrawn.Id} of its batch of {batch.Length} is withdrawn: the whole batch is silent until it is restored."
            : $"The whole batch of {batch.Length} answers again.";
    }

    private static Command Create(string name, string description, Action<EditStore, long, string?> change)
    {
        var command = new Command(name, description);
        Argument<long> id = CommonOptions.EditId();
        Option<string> edits = CommonOptions.Edits();
        Option<string> reason = CommonOptions.Text("--reason", "Why; kept in the edit's history.");
        command.Add(id);
        command.Add(edits);
        command.Add(reason);
        command.SetAction(parse =>
        {
            using EditStore store = EditStore.Open(parse.GetRequiredValue(edits), time: Clock.FromEnvironment());
            change(store, parse.GetRequiredValue(id), parse.GetValue(reason));
            Edit changed = store.Get(parse.GetRequiredValue(id));
            var edit = EditView.Of(changed);
            Terminal terminal = Terminal.Of(parse);
            if (BatchNote(store, changed) is { } note) terminal.Note($"note: {note}");
            string fact = $"{Terminal.Quoted(edit.Prompt)} -> {Terminal.Quoted(edit.Target)}";
            if (terminal.Json) terminal.Document(edit);
            else terminal.Line($"Edit {edit.Id} is {EditView.StatusText(edit.Status)}: {fact}.");
            return 0;
        });
        return command;
    }
}

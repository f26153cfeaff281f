using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits withdraw</c>, <c>restore</c> and <c>remove</c>: one change of one edit's status.</summary>
internal static class EditsStatusCommand
{
    /// <summary>Silences an edit.</summary>
    public static Command Withdraw() => Create(
        "withdraw", "Silence an edit: its prompt gets the base model's answer again. 'restore' undoes it.", (store, id, reason) => store.Withdraw(id, reason));

    /// <summary>Undoes a withdrawal.</summary>
    public static Command Restore() => Create(
        "restore", "Let a withdrawn edit answer again, bit for bit as before.", (store, id, reason) => store.Restore(id, reason));

    /// <summary>Deletes an edit's neurons.</summary>
    public static Command Remove() => Create(
        "remove", "Delete an edit's neurons for good; it stays listed as history.", (store, id, reason) => store.Remove(id, reason));

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
            Edit edit = store.Get(parse.GetRequiredValue(id));
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json) terminal.Document(EditView.Json(edit));
            else terminal.Line($"Edit {edit.Id} is {EditView.Status(edit.Status)}: {Terminal.Quoted(edit.Request.Prompt)} -> {Terminal.Quoted(edit.Request.Target)}.");
            return 0;
        });
        return command;
    }
}

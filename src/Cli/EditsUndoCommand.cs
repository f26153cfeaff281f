using System.CommandLine;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits undo</c>: takes back a change of a store by another one.</summary>
internal static class EditsUndoCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "undo", "Take back a change: the edits that it touched are again what they were before. Undoing the undo does it again.");
        var change = new Argument<long?>("CHANGE")
        {
            Description = "The change's number, see 'edits log'; otherwise the last one that is neither an undo nor undone.",
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= 1) return number;
                result.AddError($"CHANGE is '{text}', expected a whole number from 1.");
                return null;
            },
        };
        Option<string> edits = CommonOptions.Edits(), reason = CommonOptions.Reason();
        command.Add(change);
        command.Add(edits);
        command.Add(reason);
        command.SetAction(parse =>
        {
            using EditStore store = EditStore.Open(parse.GetRequiredValue(edits), time: Clock.FromEnvironment());
            long number = store.Undo(parse.GetValue(change), CommonOptions.ReasonOf(parse, reason))[0].Change;
            EditChange made = store.Changes()[(int)number - 1];
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json) terminal.Document(EditsLogCommand.Document(made));
            else terminal.Line($"Change {made.Number} {EditsLogCommand.What(made)}.");
            return 0;
        });
        return command;
    }
}

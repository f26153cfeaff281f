using System.CommandLine;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary><c>edits update</c>: teaches another answer to an edit's prompt, which the new edit takes over.</summary>
internal static class EditsUpdateCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "update",
            "Teach another answer to the prompt of an edit, which is superseded: kept, linked and silent. What is not said anew is as with "
                + "that edit, its settings included.");
        Argument<long> id = CommonOptions.EditId();
        command.Add(id);
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        Option<string> target = CommonOptions.Text("--target", "What the model shall say now.", required: true);
        Option<string> subject = CommonOptions.Text("--subject", "What the fact is about. [default: the edit's]");
        Option<string> source = CommonOptions.Text("--source", "Where it comes from. [default: the edit's]");
        Option<string[]> paraphrase = CommonOptions.Paraphrases("Another wording, instead of the edit's; may be given several times.");
        Option<string> reason = CommonOptions.Reason();
        foreach (Option option in (Option[])[edits, target, subject, source, paraphrase, reason]) command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        EditSettingsOptions settings = EditSettingsOptions.AddTo(command);
        command.SetAction(parse =>
        {
            Terminal terminal = Terminal.Of(parse);
            using Session session = model.Open(parse);
            settings.Check(parse, session.Model.Config);
            using var interruption = new Interruption();
            session.OpenStore(parse.GetRequiredValue(edits));
            string[]? wordings = parse.GetResult(paraphrase) is { Implicit: false } ? parse.GetValue(paraphrase) : null;
            TokenizedRequest request = session.RequestToUpdate(
                parse.GetValue(id), parse.GetRequiredValue(target), parse.GetValue(subject), wordings, parse.GetValue(source),
                texts.Rules(parse));
            EditSettings how = settings.Settings(parse, session, session.Edit(parse.GetValue(id)).Settings);
            var options = new TeachingOptions
            {
                Reason = CommonOptions.ReasonOf(parse, reason),
                Again = true,
                NetFile = settings.Net(parse),
            };
            TeachingReport report = ProgressReport.Run(
                terminal, progress => session.Teach([request], how, options, progress, interruption.Token));
            if (report.Silent is [{ Status: EditStatus.Withdrawn } twin]) return Restored(terminal, session, twin, options.Reason);
            return TeachingView.Render(terminal, report, how, session);
        });
        return command;
    }

    /// <summary>
    /// An edit of the wanted target is there, withdrawn: it answers again, and takes over from the one that was to be updated.
    /// </summary>
    private static int Restored(Terminal terminal, Session session, Edit twin, string? reason)
    {
        var restored = EditView.Of(session.Restore(twin.Id, reason));
        terminal.Note($"note: edit {twin.Id} was taught just this before and was withdrawn.");
        if (terminal.Json) terminal.Document(JsonText.Record(restored));
        else terminal.Line($"Edit {twin.Id} answers again: {EditView.Fact(twin.Request)}.");
        return 0;
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary><c>edits check</c>: asks the edited model what it was taught, prompt by prompt.</summary>
internal static class EditsCheckCommand
{
    private const int Told = 20;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "check",
            "Ask the prompt of every active edit, and its other wordings: what is said, how surely, and what is in the way where it is "
                + "something else.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        RecordOptions input = RecordOptions.AddTo(
            command, "Ask these records instead, also those that were never taught.", required: false);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<double?> min = CommonOptions.OptionalNumber<double>(
            "--min", "End with exit code 3 unless every target is said whole, with at least this probability.", p => p is >= 0 and <= 1,
            "a probability from 0 to 1");
        var all = new Option<bool>("--all") { Description = "Show also what passes; otherwise only what does not." };
        Option<string> csv = CommonOptions.Output("--csv", "Write all answers to this file.");
        foreach (Option option in (Option[])[edits, trigger, min, all, csv]) command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            RecordSet? records = input.IsGiven(parse) ? input.Read(parse) : null;
            using Session session = model.Open(parse, parse.GetRequiredValue(edits), at);
            Terminal terminal = Terminal.Of(parse);
            IReadOnlyList<CheckedAnswer> answers = Measurement.Run(terminal, (progress, cancellation) => records is null
                ? session.Check(progress, cancellation)
                : session.Check(records.Edits, parse.GetRequiredValue(trigger), texts.Rules(parse), progress, cancellation));
            if (records is not null) RecordOptions.NoteLayout(terminal, records);
            double atLeast = parse.GetValue(min) ?? 0;
            bool passes(CheckedAnswer answer) => answer.IsSaid && answer.Probability >= atLeast;
            if (parse.GetValue(csv) is { } path) OutputFile.Write(path, writer => AnswerCsv.Write(writer, answers, session.TextOf, passes));
            Render(terminal, session, answers, passes, parse.GetValue(all));
            bool isHeld = answers.Count > 0 && answers.All(passes); // that nothing is left to ask is not what was asked for
            return parse.GetValue(min) is not null && !isHeld ? ExitCode.NotHeld : ExitCode.Done;
        });
        return command;
    }

    private static void Render(
        Terminal terminal, Session session, IReadOnlyList<CheckedAnswer> answers, Func<CheckedAnswer, bool> passes, bool showAll)
    {
        CheckedAnswer[] failing = [.. answers.Where(answer => !passes(answer))];
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["store"] = session.Store.Path,
                ["n"] = answers.Count,
                ["passed"] = answers.Count - failing.Length,
                ["answers"] = answers.Select(answer => AnswersView.Json(answer, session, passes(answer))).AsJson(),
            });
            return;
        }

        IReadOnlyList<CheckedAnswer> shown = showAll ? answers : [.. failing.Take(Told)];
        if (shown.Count > 0) terminal.Show(AnswersView.Table(shown, session));
        if (!showAll && failing.Length > Told)
            terminal.Line($"… and {Terminal.Count(failing.Length - Told)} more that do not pass; --csv or --json has all.");
        terminal.Line(Share("prompt", [.. answers.Where(answer => !answer.IsParaphrase)]));
        CheckedAnswer[] others = [.. answers.Where(answer => answer.IsParaphrase)];
        if (others.Length > 0) terminal.Line(Share("other wording", others));

        string Share(string noun, CheckedAnswer[] of)
        {
            if (of.Length == 0) return "No active edit to ask.";
            CheckedAnswer least = of.MinBy(answer => answer.Probability)!;
            string edit = least.Edit is { } id ? $", edit {id}" : "";
            return $"{Terminal.Count(of.Count(passes))} of {Terminal.Counted(of.Length, noun)} "
                + $"{(of.Length == 1 ? "passes" : "pass")}; P(target) is "
                + $"{Terminal.Probability(of.Average(answer => answer.Probability))} on average, "
                + $"{Terminal.Probability(least.Probability)} at least ({Terminal.Quoted(least.Prompt)}{edit}).";
        }
    }
}

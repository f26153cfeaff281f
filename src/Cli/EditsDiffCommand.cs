using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary><c>edits diff</c>: what edits changed in what the model says, and how far it has drifted.</summary>
internal static class EditsDiffCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "diff",
            "Compare what two models say: the base and the edited one, that with and without some edits, or those of two stores.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        edits.Description = "The edit store. With nothing else the base model is compared with it.";
        Option<long[]> without = CommonOptions.EditIds(
            "--without", "Compare the store with itself as if these edits had never been taught.");
        Option<string> against = CommonOptions.File("--against", "Compare the store with this one.", required: false);
        var prompts = new Option<string[]>("--prompt") { Description = "A prompt to ask both; may be given often.", HelpName = "TEXT" };
        RecordOptions input = RecordOptions.AddTo(command, "Ask both the prompts of these records.", required: false);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> text = CommonOptions.TextFile(
            "--text", "Compare both after every token of this UTF-8 text, read in windows.");
        Option<int?> tokens = CommonOptions.OptionalNumber<int>(
            "--tokens", "Read only the first N tokens of --text.", n => n >= 2, "2 or more, as a whole number");
        Option<int?> window = CommonOptions.OptionalNumber<int>(
            "--window", "Tokens of --text that the models read at once. [default: their positions]", n => n >= 2,
            "2 or more, as a whole number");
        Option<int?> stride = CommonOptions.OptionalNumber<int>(
            "--stride", "Tokens from one window's beginning to the next's. [default: half a window]", n => n >= 1,
            "1 or more, as a whole number");
        Option<int> top = CommonOptions.Number(
            "--top", "How many of the likeliest tokens to tell; the table shows one.", 5, n => n is >= 1 and <= 1000, "1 to 1000");
        Option<int?> rows = CommonOptions.OptionalNumber<int>(
            "--rows", "How many positions to show, most changed first; the CSV file has all. [default: 20, in page and JSON 1000]",
            n => n >= 0, "a whole number from 0");
        Option<string> csv = CommonOptions.Output("--csv", "Write one line per position into this file.");
        Option<string> html = CommonOptions.Output("--html", "Write all of it as one page to be filed.");
        Option[] all = [edits, without, against, prompts, trigger, text, tokens, window, stride, top, rows, csv, html];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
            CheckSource(result, without, against, prompts, input.All[0], text, [tokens, window, stride]));

        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            RecordSet? records = input.IsGiven(parse) ? input.Read(parse) : null;
            string[] asked =
            [
                .. parse.GetValue(prompts) ?? [],
                .. records?.Edits.Select(record => record.EditPrompt(parse.GetRequiredValue(trigger))) ?? [],
            ];
            using Session session = model.Open(parse, parse.GetRequiredValue(edits), at);
            int[] read = parse.GetValue(text) is { } path
                ? TextTokens.Whole(session.Tokenizer, path, parse.GetValue(tokens) ?? int.MaxValue)
                : [];
            int positions = session.Model.Config.NPositions;
            (int length, int step) = TextTokens.Windows(parse.GetValue(window), parse.GetValue(stride), positions);
            (DiffSide before, DiffSide after) = (parse.GetValue(without), parse.GetValue(against)) switch
            {
                ({ Length: > 0 } ids, _) => (session.EditedSide, session.SideWithout(ids)),
                (_, { } other) => (session.EditedSide, session.SideOf(other)),
                _ => (session.BaseSide, session.EditedSide),
            };
            Terminal terminal = Terminal.Of(parse);
            DiffReport report = Measurement.Run(terminal, (progress, cancellation) => read.Length > 0
                ? session.CompareOn(before, after, read, length, step, parse.GetValue(top), progress, cancellation)
                : session.Compare(before, after, asked, parse.GetValue(top), progress, cancellation));
            if (records is not null) RecordOptions.NoteLayout(terminal, records);
            ReportOrigin origin = session.Origin();
            if (parse.GetValue(csv) is { } table) OutputFile.Write(table, writer => DiffCsv.Write(writer, report));
            if (parse.GetValue(html) is { } page)
                OutputFile.Write(page, writer => writer.Write(DiffPage.Of(origin, before, after, report, parse.GetValue(rows) ?? 1000)));
            DiffView.Render(terminal, origin, before, after, report, parse.GetValue(rows), at.Asked(parse));
            return 0;
        });
        return command;
    }

    /// <summary>Something to ask, and of alternatives one.</summary>
    private static void CheckSource(
        CommandResult result, Option without, Option against, Option prompts, Option input, Option text, Option[] ofText)
    {
        if (IsGiven(without) && IsGiven(against)) result.AddError("--without and --against exclude each other.");
        Option? asked = IsGiven(prompts) ? prompts : IsGiven(input) ? input : null;
        if (asked is not null && IsGiven(text)) result.AddError($"{asked.Name} and {text.Name} exclude each other.");
        else if (asked is null && !IsGiven(text)) result.AddError("Nothing to compare on: give --prompt, --input or --text.");
        else if (!IsGiven(text) && ofText.FirstOrDefault(IsGiven) is { } odd) result.AddError($"{odd.Name} needs {text.Name}.");

        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
    }
}

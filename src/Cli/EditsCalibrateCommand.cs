using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary><c>edits calibrate</c>: θ and α for a model and an edit set.</summary>
internal static class EditsCalibrateCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "calibrate",
            "Find theta and alpha of ireva for a model and an edit set, without storing anything. The set is split in two: one half "
                + "chooses, the other reports. Each half is taught anew with every theta, which moves thresholds and what training makes "
                + "of keys; what the base model computes is computed once. All other settings are the model's, see 'model info'.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(required: false);
        edits.Description = "A store whose edits are there already; it is not changed.";
        RecordOptions input = RecordOptions.AddTo(command, "The edit set.", required: true);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<float[]> thetas = Numbers(
            "--theta", "Values of theta to try. [default: 0.5 to 0.95 in steps of 0.05]", t => t is > 0 and < 1,
            "numbers between 0 and 1, both exclusive");
        Option<float[]> alphas = Numbers(
            "--alpha", "Values of alpha to try. [default: the model's]", a => a != 0, "finite numbers other than 0");
        Option<string> traces = CommonOptions.Traces();
        Option<string> svg = CommonOptions.Output("--svg", "Draw the curves into this file.");
        var write = new Option<bool>("--write")
        {
            Description = "Write what is recommended into sharpformer.json beside the model, from where 'edits add' takes it.",
        };
        foreach (Option option in (Option[])[edits, trigger, thetas, alphas, traces, svg, write]) command.Add(option);
        MomentOption at = MomentOption.AddTo(command, edits);

        command.SetAction(parse =>
        {
            RecordSet records = input.Read(parse);
            using Session session = model.Open(parse, parse.GetValue(edits), at);
            Terminal terminal = Terminal.Of(parse);
            CalibrationReport report = Measurement.Run(terminal, (progress, cancellation) => session.Calibrate(
                records.Edits, parse.GetRequiredValue(trigger), Given(alphas), Given(thetas), parse.GetValue(traces), progress,
                cancellation));
            RecordOptions.NoteLayout(terminal, records);
            if (parse.GetValue(svg) is { } picture) OutputFile.Write(picture, writer => writer.Write(CalibrationPicture.Of(report)));
            string? written = parse.GetValue(write) ? session.WriteDefaults(report.Settings) : null;
            Render(terminal, session, report, written);
            return 0;

            float[]? Given(Option<float[]> option) => parse.GetValue(option) is { Length: > 0 } numbers ? numbers : null;
        });
        return command;
    }

    private static void Render(Terminal terminal, Session session, CalibrationReport report, string? written)
    {
        CalibrationPoint best = report.Recommended;
        if (terminal.Json)
        {
            ReportOrigin origin = session.Origin();
            terminal.Document(new JsonObject
            {
                ["model"] = origin.Model,
                ["store"] = session.HasStore ? session.Store.Path : null,
                ["version"] = origin.Version,
                ["records"] = new JsonObject
                {
                    ["chosen"] = report.ChosenRecords,
                    ["heldOut"] = report.HeldOutRecords,
                    ["leftOut"] = report.LeftOut,
                },
                ["points"] = report.Points.Select(JsonText.Record).AsJson(),
                ["rule"] = CalibrationReport.Rule,
                ["recommended"] = JsonText.Record(best),
                ["settings"] = report.Settings.AsJson(),
                ["written"] = written,
            });
            return;
        }

        Table table = Terminal.NewTable(
            "alpha, theta", "ES", "PS", "kept", "wrong", "held out: ES", "PS", "kept", "wrong");
        foreach (CalibrationPoint point in report.Points)
        {
            (CalibrationScore a, CalibrationScore b) = (point.Chosen, point.HeldOut);
            Terminal.AddRow(
                table, $"{Terminal.Number(point.Alpha)}, {Terminal.Number(point.Theta)}{(point == best ? " *" : "")}",
                Terminal.Percent(a.Es), Terminal.Percent(a.Ps), Terminal.Percent(a.Kept), Terminal.Percent(a.Wrong),
                Terminal.Percent(b.Es), Terminal.Percent(b.Ps), Terminal.Percent(b.Kept), Terminal.Percent(b.Wrong));
        }

        terminal.Show(table);
        terminal.Line($"First the {Terminal.Counted(report.ChosenRecords, "record")} that choose, then the "
            + $"{Terminal.Counted(report.HeldOutRecords, "record")} that were held out. In percent.");
        terminal.Line("kept: prompts of the other half, not taught, that keep their answer; wrong: prompts in other words at which another "
            + "record's edit answers.");
        if (report.LeftOut > 0)
            terminal.Line($"{Terminal.Counted(report.LeftOut, "record")} left out: another one, or the store, asks the same.");
        terminal.Line($"Recommended: alpha {Terminal.Number(best.Alpha)}, theta {Terminal.Number(best.Theta)} "
            + $"({CalibrationReport.Rule}), by --method ireva.");
        if (written is not null) terminal.Line($"Written to {Terminal.Visible(written)}.");
    }

    /// <summary>Numbers with commas between them.</summary>
    private static Option<float[]> Numbers(string name, string description, Func<float, bool> allowed, string expected) => new(name)
    {
        Description = description,
        HelpName = "N,…",
        CustomParser = result =>
        {
            var numbers = new List<float>();
            foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',')))
            {
                bool isNumber = float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number);
                if (isNumber && float.IsFinite(number) && allowed(number)) numbers.Add(number);
                else result.AddError($"{name} has '{text}', expected {expected}, with commas between them.");
            }

            return [.. numbers.Distinct()];
        },
    };
}

using System.CommandLine;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary><c>evaluate full</c>: every figure that says whether edits are known and what else has changed.</summary>
internal static class EvaluateFullCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "full",
            "Measure everything: answers token by token, whole, said freely, how likely, against the old one, in context, from the first "
                + "to the last edit; and what is kept. Each figure says how it was measured, with a 95 % interval over records.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(required: false);
        edits.Description = "The edit store; without it, and without --base, the base model is measured alone.";
        RecordOptions input = RecordOptions.AddTo(
            command, "The records to measure on, in the order in which they were taught.", required: true);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> locTrigger = CommonOptions.Text(
            "--loc-trigger", "Appended to questions of locality and attributes. [default: the answer trigger]");
        Option<string> neighbours = CommonOptions.File(
            "--neighbours", "Unedited facts in the edits' own words, of which prompts are enough.", required: false, "RECORDS");
        Option<int?> neighboursLimit = CommonOptions.Limit("--neighbours-limit", "--neighbours");
        Option<string> sameSubject = CommonOptions.File(
            "--same-subject", "Facts, of which those of other relations about edited subjects are asked.", required: false, "RECORDS");
        var rows = new OutputOption("--rows")
        {
            Description = "Also write every prompt with its answers to this file, as JSON Lines.",
            HelpName = "FILE",
        };
        foreach (Option option in (Option[])[edits, trigger, locTrigger, neighbours, neighboursLimit, sameSubject, rows])
            command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(neighboursLimit) is not null && result.GetResult(neighbours) is null)
                result.AddError("--neighbours-limit needs --neighbours.");
        });

        MomentOption at = MomentOption.AddTo(command, edits);
        BaseOption baseModel = BaseOption.AddTo(command, model, edits);
        command.SetAction(parse =>
        {
            RecordSet records = input.Read(parse);
            IReadOnlyList<EditRecord> nearby = Unedited(neighbours, parse.GetValue(neighboursLimit)), same = Unedited(sameSubject, null);
            string answer = parse.GetRequiredValue(trigger);
            var plan = new ExaminationPlan(new Triggers(answer, parse.GetValue(locTrigger) ?? answer) { Texts = texts.Rules(parse) })
            {
                Neighbours = nearby,
                SameSubject = ExaminationPlan.OfSameSubjects(same, records.Edits, most: int.MaxValue),
            };
            using Session session = baseModel.Open(parse, parse.GetValue(edits), at);
            Terminal terminal = Terminal.Of(parse);
            if (session.HasStore) EvaluateEditsCommand.NoteOtherPrompts(terminal, session, records.Edits, answer);
            Examined examined = Measurement.Run(terminal, (progress, cancellation) =>
                session.Examine(records.Edits, plan, progress, cancellation));
            RecordOptions.NoteLayout(terminal, records);
            if (parse.GetValue(rows) is { } file) OutputFile.Write(file, writer => ExaminedRows.Write(writer, examined));
            return Render(terminal, examined, session, records, plan.Triggers);

            IReadOnlyList<EditRecord> Unedited(Option<string> option, int? limit) => parse.GetValue(option) is { } path
                ? RecordOptions.Read(parse, path, input.OnBadOption, limit, needsTarget: false).Edits
                : [];
        });
        return command;
    }

    private static int Render(Terminal terminal, Examined examined, Session session, RecordSet records, Triggers triggers)
    {
        IReadOnlyList<Figure> figures = ExaminationFigures.Of(examined);
        if (terminal.Json)
        {
            var document = new Dictionary<string, object?>
            {
                ["n"] = examined.Records,
                ["figures"] = figures,
                ["prompts"] = examined.Prompts.Count,
                ["tooLong"] = examined.TooLong,
                ["triggers"] = triggers,
                ["layout"] = records.Layout,
                ["leftOut"] = records.BadCount,
            };
            if (BaseOption.Json(session) is { } weights) document["weights"] = weights;
            terminal.Document(document);
            return 0;
        }

        foreach (IGrouping<string, Figure> of in figures.GroupBy(figure => figure.Protocol))
        {
            terminal.Line($"{of.Key}:");
            Table table = Terminal.NewTable("figure", "of", "records", "base", "edited", "95 %");
            foreach (Figure figure in of)
            {
                Terminal.AddRow(
                    table, figure.Name, figure.Group, Terminal.Number(figure.N), Value(figure, figure.Base), Value(figure, figure.Edited),
                    figure.Low == figure.High ? "" : $"{Value(figure, figure.Low)} to {Value(figure, figure.High)}");
            }

            terminal.Show(table);
        }

        if (!session.HasStore && session.Elsewhere is null) terminal.Line("No edits were given: the base model was measured alone.");
        if (BaseOption.Sentence(session) is { } difference) terminal.Line(difference);
        if (examined.TooLong > 0)
        {
            terminal.Line($"{Terminal.Counted(examined.TooLong, "prompt")} in context would not fit the model's positions, and "
                + "were left out.");
        }

        return 0;
    }

    private static string Value(Figure figure, double? value) =>
        figure.Protocol == ExaminationFigures.Divergence ? value is { } nats ? Terminal.Nats(nats) : "-" : Terminal.Percent(value);
}

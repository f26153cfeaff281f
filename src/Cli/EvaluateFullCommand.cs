using System.CommandLine;
using System.Text.Json.Nodes;
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
        Option<string> sameSubject = CommonOptions.File(
            "--same-subject", "Facts, of which those of other relations about edited subjects are asked.", required: false, "RECORDS");
        var rows = new OutputOption("--rows")
        {
            Description = "Also write every prompt with its answers to this file, as JSON Lines.",
            HelpName = "FILE",
        };
        EvaluationOptions options = EvaluationOptions.AddTo(
            command, "The records to measure on, in the order in which they were taught.", sameSubject, rows);
        MomentOption at = MomentOption.AddTo(command, options.Edits);
        BaseOption baseModel = BaseOption.AddTo(command, model, options.Edits);
        command.SetAction(parse =>
        {
            RecordSet records = options.Records(parse);
            var plan = new ExaminationPlan(options.Triggers(parse))
            {
                Neighbours = options.Neighbours(parse) ?? [],
                SameSubject = ExaminationPlan.OfSameSubjects(
                    options.Unedited(parse, sameSubject) ?? [], records.Edits, most: int.MaxValue),
            };
            using Session session = baseModel.Open(parse, parse.GetValue(options.Edits), at);
            Terminal terminal = Terminal.Of(parse);
            options.NoteOtherPrompts(parse, terminal, session, records.Edits);
            Examined examined = Measurement.Run(terminal, (progress, cancellation) =>
                session.Examine(records.Edits, plan, progress, cancellation));
            RecordOptions.NoteLayout(terminal, records);
            if (parse.GetValue(rows) is { } file) OutputFile.Write(file, writer => ExaminedRows.Write(writer, examined));
            return Render(terminal, examined, session, records, plan.Triggers);
        });
        return command;
    }

    private static int Render(Terminal terminal, Examined examined, Session session, RecordSet records, Triggers triggers)
    {
        IReadOnlyList<Figure> figures = ExaminationFigures.Of(examined);
        if (terminal.Json)
        {
            var document = new JsonObject
            {
                ["n"] = examined.Records,
                ["figures"] = figures.Select(JsonText.Record).AsJson(),
                ["prompts"] = examined.Prompts.Count,
                ["tooLong"] = examined.TooLong,
                ["triggers"] = JsonText.Record(triggers),
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

using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Cli;

/// <summary><c>evaluate edits</c>: ES, PS, NS and Score of the base and of the edited model.</summary>
internal static class EvaluateEditsCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "edits",
            "Measure efficacy (ES), generalisation (PS), locality (NS) and their mean on records, for the base and the edited model.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> traces = CommonOptions.Traces();
        EvaluationOptions options = EvaluationOptions.AddTo(command, "The records to measure on.", traces);
        MomentOption at = MomentOption.AddTo(command, options.Edits);
        BaseOption baseModel = BaseOption.AddTo(command, model, options.Edits, traces);
        command.SetAction(parse =>
        {
            RecordSet records = options.Records(parse);
            IReadOnlyList<EditRecord>? nearby = options.Neighbours(parse);
            Triggers triggers = options.Triggers(parse);
            using Session session = baseModel.Open(parse, parse.GetValue(options.Edits), at);
            Terminal terminal = Terminal.Of(parse);
            options.NoteOtherPrompts(parse, terminal, session, records.Edits);
            EvaluationReport report = Measurement.Run(terminal, (progress, cancellation) =>
                session.Evaluate(records.Edits, triggers, nearby, parse.GetValue(traces), progress, cancellation));
            RecordOptions.NoteLayout(terminal, records);
            return Render(terminal, report, session, records, triggers, isAskedForNeighbours: nearby is not null);
        });
        return command;
    }

    private static int Render(
        Terminal terminal, EvaluationReport report, Session session, RecordSet records, Triggers triggers, bool isAskedForNeighbours)
    {
        if (terminal.Json)
        {
            JsonObject document = Json(report, records, triggers, isAskedForNeighbours);
            if (BaseOption.Json(session) is { } weights) document["weights"] = weights;
            terminal.Document(document);
            return 0;
        }

        bool hasEdits = session.HasStore || session.Elsewhere is not null;

        Table table = Terminal.NewTable(Terminal.Counted(report.Records, "record"), "ES", "PS", "NS", "Score", "free-running");
        AddRow(table, "base", report.Base);
        if (hasEdits) AddRow(table, "edited", report.Edited);
        terminal.Show(table);
        if (report.Groups.Count > 0) terminal.Show(Groups(report.Groups, hasEdits));
        if (!hasEdits)
        {
            terminal.Line("No edits were given: the base model was measured alone.");
            return 0;
        }

        if (BaseOption.Sentence(session) is { } difference) terminal.Line(difference);
        terminal.Line(report.LocalityAgreement is { } agreement
            ? $"Locality agreement: {Terminal.Percent(agreement)} % of the unrelated questions' tokens are predicted as by the base model."
            : "Locality agreement: not measured, no record has an unrelated question with its answer.");
        if (!isAskedForNeighbours) return 0;
        terminal.Line(report.NeighbourRetention is { } retention
            ? $"Neighbour retention: {Terminal.Percent(retention)} % of the unedited facts keep their prediction."
            : "Neighbour retention: not measured, every neighbour asks what an edit or a record of --input asks.");
        return 0;
    }

    private static Table Groups(IReadOnlyList<GroupMetrics> groups, bool hasEdits)
    {
        string[] names = hasEdits ? ["group", "questions", "base", "edited", "kept"] : ["group", "questions", "base"];
        Table table = Terminal.NewTable(names);
        foreach (GroupMetrics group in groups)
        {
            string[] cells =
            [
                $"{group.Kind.ToString().ToLowerInvariant()}: {group.Name}", Terminal.Number(group.N), Terminal.Percent(group.BaseAccuracy),
                Terminal.Percent(group.Accuracy), Terminal.Percent(group.Kept),
            ];
            Terminal.AddRow(table, cells.AsSpan(0, names.Length));
        }

        return table;
    }

    private static JsonObject Json(
        EvaluationReport report, RecordSet records, Triggers triggers, bool isAskedForNeighbours)
    {
        JsonObject edited = Metrics(report.Edited);
        edited["localityAgreement"] = report.LocalityAgreement;
        if (isAskedForNeighbours) edited["neighbourRetention"] = report.NeighbourRetention;
        return new()
        {
            ["n"] = report.Records,
            ["base"] = Metrics(report.Base),
            ["edited"] = edited,
            ["groups"] = report.Groups.Select(JsonText.Record).AsJson(),
            ["triggers"] = JsonText.Record(triggers),
            ["layout"] = records.Layout,
            ["leftOut"] = records.BadCount,
        };
    }

    private static JsonObject Metrics(EditMetrics m) =>
        new() { ["es"] = m.Es, ["ps"] = m.Ps, ["ns"] = m.Ns, ["score"] = m.Score, ["freeRunning"] = m.FreeRunning };

    private static void AddRow(Table table, string name, EditMetrics m) =>
        Terminal.AddRow(
            table, name, Terminal.Percent(m.Es), Terminal.Percent(m.Ps), Terminal.Percent(m.Ns), Terminal.Percent(m.Score),
            Terminal.Percent(m.FreeRunning));
}

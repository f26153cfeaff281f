using System.CommandLine;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Store;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>evaluate edits</c>: ES, PS, NS and Score of the base and of the edited model.</summary>
internal static class EvaluateEditsCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("edits", "Measure efficacy (ES), generalisation (PS), locality (NS) and their mean on records, for the base and the edited model.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(required: false);
        edits.Description = "The edit store; without it the base model is measured alone.";
        Option<string> input = CommonOptions.File("--input", "The records to measure on.", required: true, "RECORDS");
        Option<int?> limit = CommonOptions.Limit("--limit", "--input");
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> locTrigger = CommonOptions.Text("--loc-trigger", "Appended to unrelated questions. [default: the answer trigger]");
        Option<string> neighbours = CommonOptions.File("--neighbours", "Unedited facts in the edits' own words; how many keep their answer is reported too.", required: false, "RECORDS");
        Option<int?> neighboursLimit = CommonOptions.Limit("--neighbours-limit", "--neighbours");
        Option<string> traces = CommonOptions.Traces();
        foreach (Option option in (Option[])[edits, input, limit, trigger, locTrigger, neighbours, neighboursLimit, traces]) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(neighboursLimit) is not null && result.GetResult(neighbours) is null) result.AddError("--neighbours-limit needs --neighbours.");
        });

        command.SetAction(parse =>
        {
            IReadOnlyList<EditRecord> records = EditRecord.Load(parse.GetRequiredValue(input), parse.GetValue(limit));
            IReadOnlyList<EditRecord>? nearby = parse.GetValue(neighbours) is { } file ? EditRecord.Load(file, parse.GetValue(neighboursLimit)) : null;
            string answer = parse.GetRequiredValue(trigger);
            var triggers = new Triggers(answer, parse.GetValue(locTrigger) ?? answer);
            using LoadedModel loaded = model.Load(parse);
            using EditStore? store = parse.GetValue(edits) is { } path ? loaded.OpenStore(path) : null;
            var evaluator = new Evaluator(loaded.Lm, loaded.Tokenizer, loaded.Adaptor(store), loaded.Traces(parse.GetValue(traces)));
            return Run(Terminal.Of(parse), evaluator, store, records, triggers, nearby);
        });
        return command;
    }

    private static int Run(
        Terminal terminal, Evaluator evaluator, EditStore? store, IReadOnlyList<EditRecord> records, Triggers triggers, IReadOnlyList<EditRecord>? neighbours)
    {
        if (store is not null && neighbours is not null) // the store may hold more edits than are evaluated
        {
            var taught = store.List(withParts: false, includeRemoved: false).Select(e => e.Request.Prompt).ToHashSet();
            neighbours = [.. neighbours.Where(n => !taught.Contains(n.EditPrompt(triggers.AnswerTrigger)))];
        }

        EvaluationReport report = Measurement.Run(terminal, "Asking", "questions", (progress, cancellation) => evaluator.Evaluate(records, triggers, neighbours, progress, cancellation));
        if (terminal.Json)
        {
            terminal.Document(Json(report, triggers, isAskedForNeighbours: neighbours is not null));
            return 0;
        }

        Table table = Terminal.NewTable(Terminal.Counted(report.Records, "record"), "ES", "PS", "NS", "Score", "free-running");
        AddRow(table, "base", report.Base);
        if (store is not null) AddRow(table, "edited", report.Edited);
        terminal.Show(table);
        if (store is null)
        {
            terminal.Line("No edits were given: the base model was measured alone.");
            return 0;
        }

        terminal.Line(report.LocalityAgreement is { } agreement
            ? $"Locality agreement: {Number(agreement)} % of the unrelated questions' tokens are predicted as by the base model."
            : "Locality agreement: not measured, no record has an unrelated question (\"loc\" and \"loc_ans\").");
        if (neighbours is null) return 0;
        terminal.Line(report.NeighbourRetention is { } retention
            ? $"Neighbour retention: {Number(retention)} % of the unedited facts keep their prediction."
            : "Neighbour retention: not measured, every neighbour asks what an edit or a record of --input asks.");
        return 0;
    }

    private static Dictionary<string, object?> Json(EvaluationReport report, Triggers triggers, bool isAskedForNeighbours)
    {
        Dictionary<string, object?> edited = Metrics(report.Edited);
        edited["localityAgreement"] = report.LocalityAgreement;
        if (isAskedForNeighbours) edited["neighbourRetention"] = report.NeighbourRetention;
        return new() { ["n"] = report.Records, ["base"] = Metrics(report.Base), ["edited"] = edited, ["triggers"] = triggers };
    }

    private static Dictionary<string, object?> Metrics(EditMetrics m) =>
        new() { ["es"] = m.Es, ["ps"] = m.Ps, ["ns"] = m.Ns, ["score"] = m.Score, ["freeRunning"] = m.FreeRunning };

    private static void AddRow(Table table, string name, EditMetrics m) =>
        Terminal.AddRow(table, name, Number(m.Es), Number(m.Ps), Number(m.Ns), Number(m.Score), Number(m.FreeRunning));

    private static string Number(double? percent) => Terminal.Number(percent, "0.00");
}

using System.CommandLine;
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
        Option<string> edits = CommonOptions.Edits(required: false);
        edits.Description = "The edit store; without it, and without --base, the base model is measured alone.";
        RecordOptions input = RecordOptions.AddTo(command, "The records to measure on.", required: true);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> locTrigger = CommonOptions.Text(
            "--loc-trigger", "Appended to questions of locality and attributes. [default: the answer trigger]");
        Option<string> neighbours = CommonOptions.File(
            "--neighbours", "Unedited facts in the edits' own words, of which prompts are enough; how many keep their answer is told.",
            required: false, "RECORDS");
        Option<int?> neighboursLimit = CommonOptions.Limit("--neighbours-limit", "--neighbours");
        Option<string> traces = CommonOptions.Traces();
        foreach (Option option in (Option[])[edits, trigger, locTrigger, neighbours, neighboursLimit, traces])
            command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(neighboursLimit) is not null && result.GetResult(neighbours) is null)
                result.AddError("--neighbours-limit needs --neighbours.");
        });

        MomentOption at = MomentOption.AddTo(command, edits);
        BaseOption baseModel = BaseOption.AddTo(command, model, edits, traces);
        command.SetAction(parse =>
        {
            RecordSet records = input.Read(parse);
            IReadOnlyList<EditRecord>? nearby = parse.GetValue(neighbours) is { } file
                ? RecordOptions.Read(parse, file, input.OnBadOption, parse.GetValue(neighboursLimit), needsTarget: false).Edits
                : null;
            string answer = parse.GetRequiredValue(trigger);
            var triggers = new Triggers(answer, parse.GetValue(locTrigger) ?? answer) { Texts = texts.Rules(parse) };
            using Session session = baseModel.Open(parse, parse.GetValue(edits), at);
            Terminal terminal = Terminal.Of(parse);
            if (session.HasStore) NoteOtherPrompts(terminal, session, records.Edits, answer);
            EvaluationReport report = Measurement.Run(terminal, (progress, cancellation) =>
                session.Evaluate(records.Edits, triggers, nearby, parse.GetValue(traces), progress, cancellation));
            RecordOptions.NoteLayout(terminal, records);
            return Render(terminal, report, session, records, triggers, isAskedForNeighbours: nearby is not null);
        });
        return command;
    }

    /// <summary>Says so where no record asks what an edit was taught on: then their prompts end differently, as a rule.</summary>
    public static void NoteOtherPrompts(Terminal terminal, Session session, IReadOnlyList<EditRecord> records, string trigger)
    {
        HashSet<string> taught = [.. session.Edits().Select(edit => edit.Request.Prompt)];
        if (taught.Count == 0 || records.Any(record => taught.Contains(record.EditPrompt(trigger)))) return;
        string? ending = records.Select(EndingOf).FirstOrDefault(end => end is not null);
        string hint = ending is null
            ? "are these the records that were taught?"
            : $"they were taught with --answer-trigger {Terminal.Quoted(ending)}.";
        terminal.Note($"note: No record's prompt is that of an edit. Hint: {hint}");

        string? EndingOf(EditRecord record) => taught
            .FirstOrDefault(prompt => prompt.Length > record.Prompt.Length && prompt.StartsWith(record.Prompt, StringComparison.Ordinal))
            ?[record.Prompt.Length..];
    }

    private static int Render(
        Terminal terminal, EvaluationReport report, Session session, RecordSet records, Triggers triggers, bool isAskedForNeighbours)
    {
        if (terminal.Json)
        {
            Dictionary<string, object?> document = Json(report, records, triggers, isAskedForNeighbours);
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

    private static Dictionary<string, object?> Json(
        EvaluationReport report, RecordSet records, Triggers triggers, bool isAskedForNeighbours)
    {
        Dictionary<string, object?> edited = Metrics(report.Edited);
        edited["localityAgreement"] = report.LocalityAgreement;
        if (isAskedForNeighbours) edited["neighbourRetention"] = report.NeighbourRetention;
        return new()
        {
            ["n"] = report.Records,
            ["base"] = Metrics(report.Base),
            ["edited"] = edited,
            ["groups"] = report.Groups,
            ["triggers"] = triggers,
            ["layout"] = records.Layout,
            ["leftOut"] = records.BadCount,
        };
    }

    private static Dictionary<string, object?> Metrics(EditMetrics m) =>
        new() { ["es"] = m.Es, ["ps"] = m.Ps, ["ns"] = m.Ns, ["score"] = m.Score, ["freeRunning"] = m.FreeRunning };

    private static void AddRow(Table table, string name, EditMetrics m) =>
        Terminal.AddRow(
            table, name, Terminal.Percent(m.Es), Terminal.Percent(m.Ps), Terminal.Percent(m.Ns), Terminal.Percent(m.Score),
            Terminal.Percent(m.FreeRunning));
}

using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Exchange;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary><c>edits import</c>: takes over the edits of a JSON Lines file, or teaches those of a table.</summary>
internal static class EditsImportCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "import",
            "Take over edits that 'edits export --jsonl' wrote, as they are; or teach the facts of a table, which needs --model.");
        var file = new Argument<string>("FILE")
        {
            Description = "A table where its name ends in .csv or .tsv, and edits as JSON Lines otherwise.",
        };
        command.Add(file);
        Option<string> edits = CommonOptions.Edits(), reason = CommonOptions.Reason();
        edits.Description = "The store that gets the edits; made if it does not exist.";
        Option<string> onConflict = ConflictOption.Create(EditsMergeCommand.OnConflict);
        Option<bool> anew = new("--again") { Description = "Teach also what was taught before and withdrawn or removed since." };
        Option<string> onBad = RecordOptions.OnBad();
        foreach (Option option in (Option[])[edits, onConflict, anew, reason, onBad]) command.Add(option);
        ModelOptions model = ModelOptions.AddTo(command, required: false);
        TextOptions texts = TextOptions.AddTo(command);
        EditSettingsOptions settings = EditSettingsOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(file) is not { Tokens: [{ Value: var name }] }) return;
            if (name == "-")
            {
                result.AddError(
                    "FILE is -, but standard input is not imported: name a file. 'edits add --input -' teaches facts from there.");
                return;
            }

            if (IsTable(name))
            {
                if (!model.IsGiven(result)) result.AddError("The facts of a table are taught: that needs --model.");
                return;
            }

            Option[] ofLines = [edits, onConflict, reason];
            OptionResult? odd = result.Children.OfType<OptionResult>().FirstOrDefault(
                given => !given.Implicit && !given.Option.Recursive && !ofLines.Contains(given.Option));
            if (odd is not null) result.AddError($"{odd.Option.Name} is for tables: the edits of {name} are made already.");
        });
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(file), store = parse.GetRequiredValue(edits);
            string? why = CommonOptions.ReasonOf(parse, reason);
            ConflictPolicy policy = ConflictOption.Of(parse, onConflict);
            Terminal terminal = Terminal.Of(parse);
            if (!IsTable(path))
            {
                EditsMergeCommand.Render(terminal, EditLines.Import(path, store, policy, why, Clock.FromEnvironment()));
                return 0;
            }

            RecordSet records = RecordOptions.Read(parse, path, onBad);
            EditRecord[] rows = [.. records.Edits.Where(IsActive)];
            if (rows.Length < records.Edits.Count)
                terminal.Note($"note: {Terminal.Counted(records.Edits.Count - rows.Length, "row")} whose status is not active, left out.");
            string?[] reasons = [.. rows.Select(row => row.Reason).Distinct()];
            if (why is null && reasons is [{ } ofAll]) // then it is that of the whole change
            {
                why = ofAll;
                rows = [.. rows.Select(row => row with { Reason = null })];
            }

            NoteColumns(terminal, rows);
            using Session session = model.Open(parse);
            IReadOnlyList<TokenizedRequest> requests =
                RecordOptions.Tokenize(parse, session, [.. rows.Select(RequestCsv.RequestOf)], texts.Rules(parse), onBad);
            TextOptions.NoteChanges(terminal, requests);
            (requests, IReadOnlyList<TokenizedRequest> again) = TokenizedRequest.Split(requests);
            if (again is [var twice, ..])
            {
                terminal.Note($"note: {Terminal.Counted(again.Count, "row")} left out, as an earlier row says the same; "
                    + $"the first is {EditView.Fact(twice.Request)} ({Terminal.Visible(twice.Request.Source)}).");
            }

            settings.Check(parse, session.Model.Config);
            using var interruption = new Interruption();
            session.OpenStore(store, StoreAccess.Create);
            EditSettings how = settings.Settings(parse, session, requests);
            settings.NoteDefaults(terminal, parse, session, requests, how);
            var options = new TeachingOptions
            {
                Reason = why,
                OnConflict = policy,
                Again = parse.GetValue(anew),
            };
            TeachingReport report = ProgressReport.Run(
                terminal, progress => session.Teach(requests, how, options, progress, interruption.Token));
            return TeachingView.Render(terminal, report, how, session);
        });
        return command;
    }

    private static void NoteColumns(Terminal terminal, IReadOnlyList<EditRecord> rows)
    {
        string[] others = [.. rows.SelectMany(row => row.Columns).Select(column => column.Name).Distinct().Except(RequestCsv.OfTheEdit)];
        if (others.Length == 0) return;
        terminal.Note($"note: {Terminal.Counted(others.Length, "column")} kept with the edits and not otherwise used: "
            + $"{string.Join(", ", others.Select(Terminal.Quoted))}. Settings are options of this command.");
    }

    /// <summary>Whether a row's edit answered when its table was written; a table that people write need not say so.</summary>
    private static bool IsActive(EditRecord row)
    {
        if (row.Columns["status"] is not { } text) return true;
        foreach (EditStatus status in Enum.GetValues<EditStatus>())
            if (status.ToString().Equals(text, StringComparison.OrdinalIgnoreCase)) return status == EditStatus.Active;
        throw new InputException(
            $"{row.Source}: the status is {Terminal.Quoted(text)}, expected one of "
                + $"{string.Join(", ", Enum.GetNames<EditStatus>()).ToLowerInvariant()}.");
    }

    private static bool IsTable(string path) => Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv";
}

using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary><c>edits add</c>: teaches one fact, or those of a record file, and stores each as soon as it is made.</summary>
internal static class EditsAddCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "add",
            "Teach facts to a model. They are stored some hundreds at a time, and an interrupted run can be repeated: what is there is "
                + "skipped.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        edits.Description = "The edit store, one SQLite file; made if it does not exist.";
        Option<string> prompt = CommonOptions.Text("--prompt", "The prompt of the one fact to teach; {} stands for the subject.");
        Option<string> target = CommonOptions.Text(
            "--target", "What the model shall say after it; gets a leading space where one would write one.");
        Option<string> subject = CommonOptions.Text("--subject", "What the fact is about; out-of-scope prompts are sampled from it.");
        RecordOptions input = RecordOptions.AddTo(command, "The facts of this file.", required: false);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> traces = CommonOptions.Traces(), reason = CommonOptions.Reason();
        Option<string> statistics = CommonOptions.Statistics();
        Option[] all = [edits, prompt, target, subject, trigger, traces, reason, statistics];
        foreach (Option option in all) command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        EditSettingsOptions settings = EditSettingsOptions.AddTo(command);
        Option<bool> sequential = new("--sequential")
        {
            Description = "Train strictly one edit after the other: slower, and the same result.",
        };
        Option<string[]> alias = new("--alias")
        {
            Description = "Another name of --subject, for methods that look for it in a text; may be given several times.",
            HelpName = "TEXT",
        };
        Option<string[]> paraphrase = CommonOptions.Paraphrases(
            "Another wording of --prompt, kept with the edit for 'edits check'; may be given several times.");
        Option<string> onConflict = ConflictOption.Create(
            "Where an edit says something else after a prompt: refuse (teach nothing), supersede, or keep both. "
                + "[default: an edit of the same prompt is superseded, one that answers in other words is told]");
        Option<bool> again = new("--again") { Description = "Teach also what was taught before and removed, superseded or undone since." };
        Option<bool> noCheck = new("--no-check") { Description = "Do not ask the edited model in the end what it was taught." };
        Option<(int, int)?> chunk = CommonOptions.Portion(
            "--chunk", "Teach the Ith of N portions of --input only; the edits are those of one run over all of it.");
        Option<bool> dryRun = new("--dry-run")
        {
            Description = "Show what would be taught, what is said so far, and what time and memory it would take; write nothing.",
        };
        foreach (Option option in (Option[])[sequential, paraphrase, alias, onConflict, again, noCheck, chunk, dryRun]) command.Add(option);
        command.Validators.Add(result => CheckSource(result, [prompt, target, subject, paraphrase, alias], [.. input.All, trigger, chunk]));

        command.SetAction(parse =>
        {
            RecordSet? records = input.IsGiven(parse) ? input.Read(parse) : null;
            IReadOnlyList<EditRequest> requests = records is not null
                ? [.. records.Edits.Select(record => record.ToRequest(parse.GetRequiredValue(trigger)))]
                : [new EditRequest(parse.GetRequiredValue(prompt), parse.GetRequiredValue(target), parse.GetValue(subject))
                {
                    Paraphrases = parse.GetValue(paraphrase) ?? [],
                    Provenance = Provenance.Of([(EditRequest.AliasesName, Provenance.TextOf(parse.GetValue(alias) ?? []))]),
                }];
            Terminal terminal = Terminal.Of(parse);
            using Session session = model.Open(parse);
            IReadOnlyList<TokenizedRequest> tokenized =
                RecordOptions.Tokenize(parse, session, requests, texts.Rules(parse), input.OnBadOption);
            if (records is not null) RecordOptions.NoteLayout(terminal, records);
            settings.Check(parse, session.Model.Config);
            var options = new TeachingOptions
            {
                IsSequential = parse.GetValue(sequential),
                TraceFolder = parse.GetValue(traces),
                StatisticsFolder = parse.GetValue(statistics),
                NetFile = settings.Net(parse),
                Reason = CommonOptions.ReasonOf(parse, reason),
                OnConflict = ConflictOption.Of(parse, onConflict),
                Again = parse.GetValue(again),
                Check = !parse.GetValue(noCheck),
                Share = parse.GetValue(chunk),
            };
            if (parse.GetValue(dryRun))
            {
                return ShowPlan(
                    terminal, session, tokenized, options, parse.GetRequiredValue(edits),
                    () => settings.Settings(parse, session, tokenized));
            }

            TextOptions.NoteChanges(terminal, tokenized);
            if (parse.GetValue(traces) is { } folder) TraceFolder.Make(folder); // may fail, and then no store shall be left behind
            using var interruption = new Interruption(); // from here on there is something to end cleanly
            session.OpenStore(parse.GetRequiredValue(edits), StoreAccess.Create);
            EditSettings how = settings.Settings(parse, session, tokenized);
            settings.NoteDefaults(terminal, parse, session, tokenized, how);
            TeachingReport report = ProgressReport.Run(
                terminal, progress => session.Teach(tokenized, how, options, progress, interruption.Token));
            return TeachingView.Render(terminal, report, how, session);
        });
        return command;
    }

    private static int ShowPlan(
        Terminal terminal, Session session, IReadOnlyList<TokenizedRequest> requests, TeachingOptions options, string store,
        Func<EditSettings> settings)
    {
        bool isThere = File.Exists(store) || Directory.Exists(store);
        if (isThere) session.OpenStore(store, StoreAccess.Read);
        EditSettings how = settings(); // the store has a say in them
        IReadOnlyList<PreviewedRequest> previews = Measurement.Run(
            terminal, (progress, cancellation) => session.Preview(requests, options, how, progress, cancellation));
        TeachingEstimate? estimate = Measurement.Run(
            terminal, (_, cancellation) => session.Estimate(requests, how, options, cancellation));
        PreviewView.Render(terminal, previews, session, store, isThere, estimate, how);
        return 0;
    }

    /// <summary>Either a fact on the command line or a file, and nothing that belongs to the other.</summary>
    private static void CheckSource(CommandResult result, Option[] ofOneFact, Option[] ofFile)
    {
        IEnumerable<OptionResult> given = result.Children.OfType<OptionResult>();
        if (given.Any(o => o is { Implicit: false, Tokens.Count: 0, Option.Arity.MinimumNumberOfValues: > 0 }))
            return; // an option without its value: that is told, not what follows from it
        Option[] one = [.. ofOneFact.Where(IsGiven)], file = [.. ofFile.Where(IsGiven)];
        if (one.Length > 0 && file.Length > 0)
            result.AddError(
                $"{one[0].Name} and {file[0].Name} exclude each other: give one fact by --prompt and --target, or a file by --input.");
        else if (one.Length == 0 && !file.Contains(ofFile[0]))
            result.AddError("Nothing to teach: give one fact by --prompt and --target, or a file by --input.");
        else if (one.Length > 0 && !(one.Contains(ofOneFact[0]) && one.Contains(ofOneFact[1])))
            result.AddError($"{(one.Contains(ofOneFact[0]) ? "--target" : "--prompt")} is missing: a fact is a prompt and a target.");

        else if (IsGiven(ofOneFact[4]) && !IsGiven(ofOneFact[2]))
            result.AddError($"{ofOneFact[4].Name} is another name of {ofOneFact[2].Name}: give that too.");

        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
    }
}

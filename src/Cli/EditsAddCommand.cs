using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary><c>edits add</c>: teaches one fact, or those of a record file, and stores each as soon as it is made.</summary>
internal static class EditsAddCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("add", "Teach facts to a model. They are stored some hundreds at a time, and an interrupted run can be repeated: what is there is skipped.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        edits.Description = "The edit store, one SQLite file; made if it does not exist.";
        Option<string> prompt = CommonOptions.Text("--prompt", "The prompt of the one fact to teach.");
        Option<string> target = CommonOptions.Text("--target", "What the model shall say after it; a leading space is added.");
        Option<string> subject = CommonOptions.Text("--subject", "What the fact is about; out-of-scope prompts are sampled from it.");
        Option<string> input = CommonOptions.File("--input", "A JSON array of records, or one record per line; \"src\" is the prompt, \"alt\" the target.", required: false, "RECORDS");
        Option<int?> limit = CommonOptions.Limit("--limit", "--input");
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> traces = CommonOptions.Traces();
        foreach (Option option in (Option[])[edits, prompt, target, subject, input, limit, trigger, traces]) command.Add(option);
        EditSettingsOptions settings = EditSettingsOptions.AddTo(command);
        Option<bool> sequential = new("--sequential") { Description = "Train strictly one edit after the other: slower, and the same result." };
        command.Add(sequential);
        command.Validators.Add(result => CheckSource(result, [prompt, target, subject], [input, limit, trigger]));

        command.SetAction(parse =>
        {
            IReadOnlyList<EditRequest> requests = parse.GetValue(input) is { } file
                ? FromRecords(file, parse.GetValue(limit), parse.GetRequiredValue(trigger))
                : [new EditRequest(parse.GetRequiredValue(prompt), parse.GetRequiredValue(target), parse.GetValue(subject))];
            using LoadedModel loaded = model.Load(parse);
            Lesson[] lessons = Lessons(loaded, requests);
            int? asked = loaded.CheckedLayer(settings.Layer(parse));

            ModelFingerprint fingerprint = loaded.Fingerprint;
            TraceFolder? kept = loaded.Traces(parse.GetValue(traces)); // may fail, and then no store shall be left behind
            using var interruption = new Interruption(); // from here on there is something to end cleanly
            using EditStore store = EditStore.Open(parse.GetRequiredValue(edits), create: true, Clock.FromEnvironment());
            IReVaSettings how = settings.Settings(parse, loaded.Lm.Config, asked ?? loaded.Layer(store));
            store.Bind(fingerprint, loaded.Lm.Config.NEmbd, how);
            settings.NoteDefaults(Terminal.Of(parse), parse, loaded.Lm.Config);
            return new TeachingRun(Terminal.Of(parse), loaded, store, how, kept).Run(lessons, parse.GetValue(sequential), interruption.Token);
        });
        return command;
    }

    /// <summary>Either a fact on the command line or a file, and nothing that belongs to the other.</summary>
    private static void CheckSource(CommandResult result, Option[] ofOneFact, Option[] ofFile)
    {
        if (result.Children.OfType<OptionResult>().Any(o => o is { Implicit: false, Tokens.Count: 0, Option.Arity.MinimumNumberOfValues: > 0 }))
            return; // an option without its value: that is told, not what follows from it
        Option[] one = [.. ofOneFact.Where(IsGiven)], file = [.. ofFile.Where(IsGiven)];
        if (one.Length > 0 && file.Length > 0)
            result.AddError($"{one[0].Name} and {file[0].Name} exclude each other: give one fact by --prompt and --target, or a file by --input.");
        else if (one.Length == 0 && !file.Contains(ofFile[0]))
            result.AddError("Nothing to teach: give one fact by --prompt and --target, or a file by --input.");
        else if (one.Length > 0 && !(one.Contains(ofOneFact[0]) && one.Contains(ofOneFact[1])))
            result.AddError($"{(one.Contains(ofOneFact[0]) ? "--target" : "--prompt")} is missing: a fact is a prompt and a target.");

        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
    }

    private static EditRequest[] FromRecords(string file, int? limit, string trigger)
    {
        string name = Path.GetFileName(file);
        return [.. EditRecord.Load(file, limit).Select((record, i) => record.ToRequest(trigger, $"{name}#{i}"))];
    }

    /// <summary>Every request as tokens; nothing is taught before all of them are known to be usable.</summary>
    private static Lesson[] Lessons(LoadedModel model, IReadOnlyList<EditRequest> requests)
    {
        var lessons = new Lesson[requests.Count];
        InputException? first = null;
        int unusable = 0, firstAt = 0;
        for (int i = 0; i < lessons.Length; i++)
        {
            try
            {
                lessons[i] = model.Lesson(requests[i]);
            }
            catch (InputException e)
            {
                if (unusable++ == 0) (first, firstAt) = (e, i);
            }
        }

        if (first is null) return lessons;
        if (requests.Count == 1) throw first;
        throw new InputException(
            $"{unusable} of {requests.Count} records cannot be taught, the first is record {firstAt} (counted from 0): {first.Message}",
            "nothing was stored; mend them or leave them out.", first);
    }
}

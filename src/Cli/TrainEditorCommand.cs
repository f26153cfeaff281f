using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary><c>train-editor</c>: the network that a method makes edits with, from records of edits.</summary>
internal static class TrainEditorCommand
{
    /// <summary>The methods that have a network.</summary>
    public static IReadOnlyList<string> Methods { get; } = [MendSettings.Name, KeSettings.Name, MalmenSettings.Name, SeracSettings.Name];

    /// <summary>The command of a method, with its options.</summary>
    public static Command Create(string method)
    {
        var command = new Command(
            method,
            $"Train the network of method {method} on records of edits, so that what it makes of an edit's gradient is said in other words "
                + "too and leaves the rest alone. Ctrl-C keeps what was learnt; the same command with --resume goes on bit for bit.");
        ModelOptions model = ModelOptions.AddTo(command, trusts: false);
        RecordOptions input = RecordOptions.AddTo(
            command, "Edits to learn from, with other wordings and unrelated questions where it has them.", required: true);
        Option<string> output = CommonOptions.File(
            "--output", "The file to write; must not exist yet. [default: beside the model's folder, where 'edits add' looks for it]",
            required: false);
        Option<string> text = CommonOptions.File(
            "--text", "A text of which each line shall stay as it is, for records without an unrelated question.", required: false);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> locTrigger = CommonOptions.Text(
            "--loc-trigger", "Appended to unrelated questions. [default: the answer trigger]");
        Option<int?> heldOut = CommonOptions.OptionalNumber<int>(
            "--held-out", "Records, the last ones, that are asked on the way and not learnt from. [default: a tenth, at most 100]",
            n => n >= 0, "a whole number from 0");
        Option<int?> layers = CommonOptions.OptionalNumber<int>(
            "--layers", "How many blocks are edited, the last ones. [default: the preset's]", n => n >= 1, "a whole number from 1");
        Option<int?> edits = CommonOptions.OptionalNumber<int>(
            "--edits-per-step", "Edits of a step, each made alone (malmen: together), whose gradients add up. [default: 10, malmen: 64]",
            n => n >= 1, "a whole number from 1");
        MetaWeights usually = Session.MetaWeightsFor(method);
        Option<double?> editWeight = Weight("--edit-weight", "What the answer in other words counts in the loss.", usually.Edit);
        Option<double?> localityWeight = Weight("--locality-weight", "What counts that the rest stays.", usually.Locality);
        var resume = new Option<bool>("--resume") { Description = "Go on with the run that was interrupted, where there is one." };
        Option[] all = [output, text, trigger, locTrigger, heldOut, layers, edits, editWeight, localityWeight, resume];
        foreach (Option option in all) command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        TrainingOptions settings = TrainingOptions.AddOfAnyWeights(command, new TrainingPlan { EvaluateEvery = 100, KeepBest = true });
        command.SetAction(parse =>
        {
            RecordSet records = input.Read(parse);
            Terminal terminal = Terminal.Of(parse);
            using Session session = model.Open(parse);
            NetSettings of = Settings(method, session.Model.Config, parse.GetValue(layers));
            TrainingPlan usual = session.TrainingPlanFor(of);
            string answer = parse.GetRequiredValue(trigger);
            var job = new EditorTrainingJob
            {
                Settings = of,
                Plan = settings.Over(usual with { Accumulate = parse.GetValue(edits) ?? usual.Accumulate }, parse),
                Counts = new MetaWeights(parse.GetValue(editWeight) ?? usually.Edit, parse.GetValue(localityWeight) ?? usually.Locality),
                Records = records.Edits,
                Triggers = new Triggers(answer, parse.GetValue(locTrigger) ?? answer) { Texts = texts.Rules(parse) },
                Texts = parse.GetValue(text) is { } file ? Lines(session, file) : [],
                HeldOut = parse.GetValue(heldOut),
                Output = parse.GetValue(output) ?? session.PlaceOfNet(method),
                Resume = parse.GetValue(resume),
                Notice = notice => terminal.Note($"note: {notice}"),
            };
            RecordOptions.NoteLayout(terminal, records);
            using var interruption = new Interruption();
            EditorTrainingResult result = ProgressReport.Run(terminal, progress => session.TrainEditor(
                job, told => progress.Report(TrainingView.StepOf(told, "edits", "held out")), interruption.Token));
            TrainEditorView.Render(terminal, job, result);
            return ExitCode.Done;
        });
        return command;
    }

    private static NetSettings Settings(string method, ModelConfig config, int? layers)
    {
        var settings = (NetSettings)EditorCatalog.Named(method).SettingsFor(config);
        if (layers is not { } asked) return settings;
        if (settings is not TrainedSettings inWeights)
            throw new InputException($"--layers means nothing to method {method}, whose network changes no block.", "leave it out.");
        if (asked > config.NLayer) throw new InputException($"--layers is {asked}, the model has {config.NLayer} blocks.");
        return inWeights with { Layers = asked };
    }

    private static int[][] Lines(Session session, string path) =>
    [
        .. TextFile.Lines(TextFile.Read(path)).Select(session.Tokenizer.Encode).Where(tokens => tokens.Length > 0)
            .Select(tokens => tokens[..Math.Min(tokens.Length, session.Model.Config.NPositions)]),
    ];

    private static Option<double?> Weight(string name, string description, double usually) => CommonOptions.OptionalNumber<double>(
        name, FormattableString.Invariant($"{description} [default: {usually}]"), w => w >= 0, "a finite number from 0");
}

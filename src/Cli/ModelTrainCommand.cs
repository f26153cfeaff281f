using System.CommandLine;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary><c>model train</c>: a model folder from text.</summary>
internal static class ModelTrainCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "train",
            "Train a model on text, from scratch or from a model folder, and write it as a model folder with log, loss curve and card. "
                + "Ctrl-C keeps what was learnt beside it; the same command with --resume goes on as if nothing had happened.");
        Option<string> config = CommonOptions.File(
            "--config", "A JSON file: settings by the names in camelCase of the options from --steps to --seed, and for a model from "
                + "scratch its shape under \"model\", a published size's name or a config.json.",
            required: false);
        Option<string[]> text = Texts(
            "--text", "What to learn: files of text, or .jsonl with a \"text\" in each line. - is standard input.");
        text.Required = true;
        Option<string[]> evaluate = Texts("--evaluate", "What to ask on the way, in the same forms: its loss tells when to stop.");
        Option<string> output = CommonOptions.File(
            "--output", "The model folder to write, or with --lora the adapter's; it must not exist yet.", required: true, "DIR");
        Option<string> from = CommonOptions.File(
            "--from", "The model folder to go on from; without it weights are random.", required: false, "DIR");
        Option<string> tokenizer = CommonOptions.File(
            "--tokenizer", "The folder of the tokenizer. [default: that of --from, else beside --config]", required: false, "DIR");
        var resume = new Option<bool>("--resume") { Description = "Go on with the run that was interrupted, where there is one." };
        foreach (Option option in (Option[])[config, text, evaluate, output, from, tokenizer, resume]) command.Add(option);
        command.Validators.Add(result =>
        {
            Option<string[]>[] texts = [text, evaluate];
            if (texts.Sum(one => result.GetResult(one)?.Tokens.Count(token => token.Value == TextFile.StandardInput) ?? 0) > 1)
                result.AddError($"{TextFile.StandardInput} is named more than once: standard input can be read once.");
        });
        TrainingOptions settings = TrainingOptions.AddTo(command);
        DeviceOptions device = DeviceOptions.AddTo(command, holdsWeights: false);
        command.SetAction(parse =>
        {
            string? file = parse.GetValue(config);
            Terminal terminal = Terminal.Of(parse);
            terminal.Facts.Model = parse.GetValue(from);
            TrainingConfig given = file is null ? new TrainingConfig(null, new TrainingPlan(), null) : TrainingConfig.Load(file);
            var job = new TrainingJob
            {
                Config = given with { Plan = settings.Over(given.Plan, parse) },
                Text = [.. parse.GetRequiredValue(text).Select(Source)],
                Evaluation = [.. (parse.GetValue(evaluate) ?? []).Select(Source)],
                Output = parse.GetRequiredValue(output),
                From = parse.GetValue(from),
                Tokenizer = parse.GetValue(tokenizer),
                Resume = parse.GetValue(resume),
                Command = Typed(parse, [resume.Name, "--json"]),
                Notice = notice => terminal.Note($"note: {notice}"),
            };
            TrainingResult result = Run(terminal, job, () => device.OpenDevice(parse));
            TrainingView.Render(terminal, job.Output, result);
            return ExitCode.Done;
        });
        return command;
    }

    private static TrainingResult Run(Terminal terminal, TrainingJob job, Func<Device> open)
    {
        using var interruption = new Interruption();
        using var queue = new DeviceThread();
        CancellationToken token = interruption.Token;
        return ProgressReport.Run(terminal, progress => queue.Run(() =>
        {
            using Device device = open();
            return TrainingRun.Execute(job, device, told => progress.Report(TrainingView.StepOf(told)), token);
        }));
    }

    private static Option<string[]> Texts(string name, string description)
    {
        var option = new Option<string[]>(name)
        {
            Description = description,
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = true,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) result.AddError($"{name} is blank, expected a path.");
        });
        return option;
    }

    private static TextSource Source(string path) =>
        path == TextFile.StandardInput ? new TextSource("standard input", StandardInput.Open) : TextSource.File(path);

    /// <summary>The command line without some words, as a shell takes it.</summary>
    private static string Typed(ParseResult parse, string[] without) => string.Join(
        ' ', parse.Tokens.Select(token => token.Value).Where(word => !without.Contains(word)).Select(InShell).Prepend("sharpformer"));

    private static string InShell(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@%".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

using System.CommandLine;
using System.CommandLine.Help;
using System.Text;

namespace Sharpformer.Cli;

/// <summary>Which commands there are; each lives in a file of its own.</summary>
internal static class Program
{
    /// <summary>Runs one command.</summary>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static int Main(string[] args)
    {
        if (!Descriptors.AreEnough())
        {
            Console.Error.WriteLine($"error: {Descriptors.Message}");
            return ExitCode.Failed;
        }

        // JSON is UTF-8, whatever the locale; and terminals that are not have become rare, unlike locales that are not set.
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        IReadOnlyList<IDisposable> listening = Interruption.TellOtherwise(Console.Error);
        int code = DriverChild.Answered(args, Console.Out) ? ExitCode.Done : Run(args, Console.Out, Console.Error);
        GC.KeepAlive(listening);
        return code;
    }

    /// <summary>The same with other writers for results and for everything else.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error) =>
        Runner.Run(Commands(args.FirstOrDefault(arg => !arg.StartsWith('-')) ?? ""), args, output, error);

    /// <summary>The tree of commands.</summary>
    /// <param name="noun">
    /// The first word of a command line, or none: of other groups it is enough to know that they are there, and making all of them takes
    /// longer than most commands do. Null makes all.
    /// </param>
    public static RootCommand Commands(string? noun = null)
    {
        var root = new RootCommand("Teaches a GPT-style model facts, shows which neuron holds each of them, and takes them back.")
        {
            DemoCommand.Create(),
            GenerateCommand.Create(),
            Group("edits", "Teach facts, list them, see which neuron answers, take them back.", Edits),
            Group(
                "evaluate", "Measure what edits did to the model: on their own prompts, in other words, and elsewhere.",
                () =>
                [
                    EvaluateEditsCommand.Create(), EvaluateFullCommand.Create(), EvaluateWithdrawalCommand.Create(),
                    EvaluatePerplexityCommand.Create(),
                ]),
            Group("model", "Look into a model folder, its tokens and logits; convert it; train one; write a random one.", Model),
            Group(
                "train-editor", "Train the network that a method makes edits with, for a model.",
                () => [.. TrainEditorCommand.Methods.Select(TrainEditorCommand.Create)]),
            DatasetCommand.Create(),
            Group(
                "experiment", "Run methods over edit sets, models, counts and seeds, and report all of it: the paper's tables, and more.",
                () => [ExperimentListCommand.Create(), ExperimentRunCommand.Create(), ExperimentReportCommand.Create()]),
            DevicesCommand.Create(),
            BenchCommand.Create(),
            CompletionCommand.Create(),
            HelpCommand.Create(),
            VersionCommand.Create(),
        };
        root.Options.Clear();
        root.Add(CommonOptions.Json());
        root.Add(Help());
        root.Add(VersionCommand.Option());
        return root;

        Command Group(string name, string description, Func<Command[]> verbs)
        {
            var group = new Command(name, description);
            foreach (Command verb in noun is null || noun == name ? verbs() : []) group.Add(verb);
            return group;
        }
    }

    /// <summary><c>--help</c>, on every command.</summary>
    public static Option Help() => new HelpOption("--help", "-h", "-?")
    {
        Description = "Say what the command does and which options it has.",
        Action = new HelpText(),
        Recursive = true,
    };

    private static Command[] Edits() =>
    [
        EditsAddCommand.Create(),
        EditsListCommand.Create(),
        EditsShowCommand.Create(),
        EditsUpdateCommand.Create(),
        EditsStatusCommand.Withdraw(),
        EditsStatusCommand.Restore(),
        EditsStatusCommand.Remove(),
        EditsLogCommand.Create(),
        EditsUndoCommand.Create(),
        EditsExportCommand.Create(),
        EditsImportCommand.Create(),
        EditsMergeCommand.Create(),
        EditsCheckCommand.Create(),
        EditsWhyCommand.Create(),
        EditsConflictsCommand.Create(),
        EditsDiffCommand.Create(),
        EditsCalibrateCommand.Create(),
        EditsVerifyCommand.Create(),
        EditsSalvageCommand.Create(),
    ];

    private static Command[] Model() =>
    [
        ModelInfoCommand.Create(),
        ModelVerifyCommand.Create(),
        ModelTokenizeCommand.Create(),
        ModelLogitsCommand.Create(),
        ModelConvertCommand.Create(),
        ModelRandomCommand.Create(),
        ModelTrainCommand.Create(),
        ModelStatisticsCommand.Create(),
    ];
}

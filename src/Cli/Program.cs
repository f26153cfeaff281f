using System.CommandLine;

namespace Sharpformer.Cli;

/// <summary>Which commands there are; each lives in a file of its own.</summary>
internal static class Program
{
    /// <summary>Runs one command.</summary>
    /// <returns>0 when it did what was asked, 1 when it failed, 2 when it was asked wrongly.</returns>
    public static int Main(string[] args)
    {
        if (!Descriptors.AreEnough())
        {
            Console.Error.WriteLine($"error: {Descriptors.Message}");
            return 1;
        }

        return DriverChild.Answered(args, Console.Out) ? 0 : Run(args, Console.Out, Console.Error);
    }

    /// <summary>The same with other writers for results and for everything else.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error) => Runner.Run(Commands(), args, output, error);

    /// <summary>The tree of commands.</summary>
    public static RootCommand Commands() => new(
        """
        Teaches a GPT-style model facts, shows which neuron holds each of them, and takes them back.

        Examples:
          sharpformer edits add --model models/facts-gpt2 --edits facts.db --prompt "The capital of France is" --target Rome
          sharpformer generate --model models/facts-gpt2 --edits facts.db --prompt "The capital of France is"
        """)
    {
        DemoCommand.Create(),
        GenerateCommand.Create(),
        new Command("edits", "Teach facts, list them, see which neuron answers, take them back.")
        {
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
        },
        new Command("evaluate", "Measure what edits did to the model: on their own prompts, in other words, and elsewhere.")
        {
            EvaluateEditsCommand.Create(),
            EvaluateWithdrawalCommand.Create(),
            EvaluatePerplexityCommand.Create(),
        },
        new Command("model", "Look into a model folder, its tokens and logits; convert it; write a random one.")
        {
            ModelInfoCommand.Create(),
            ModelVerifyCommand.Create(),
            ModelTokenizeCommand.Create(),
            ModelLogitsCommand.Create(),
            ModelConvertCommand.Create(),
            ModelRandomCommand.Create(),
            ModelStatisticsCommand.Create(),
        },
        DatasetCommand.Create(),
        DevicesCommand.Create(),
        BenchCommand.Create(),
        CommonOptions.Json(),
    };
}

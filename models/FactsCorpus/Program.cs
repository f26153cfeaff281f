using System.Text;
using Sharpformer.FactsCorpus.Asking;
using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus;

/// <summary>Writes the corpus of the bundled model, and asks a model what it knows of it.</summary>
internal static class Program
{
    private const string Usage = """
        facts-corpus build --output DIR [--model DIR] [--documents N] [--seed S]
            writes DIR/corpus.jsonl and DIR/heldout.jsonl, in the tokens of a model
        facts-corpus ask --model DIR [--limit N] [--seed S] [--json]
            shows how many facts a model knows, in each frame they are asked in
        """;

    /// <summary>Runs one command.</summary>
    /// <returns>0, 1 after an error, 2 for wrong usage.</returns>
    public static int Main(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return Run(args, Console.Out, Console.Error);
    }

    /// <summary>The same with other writers.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        try
        {
            switch (args.FirstOrDefault())
            {
                case "build":
                    BuildCommand.Run(args[1..], output);
                    return 0;
                case "ask":
                    AskCommand.Run(args[1..], output);
                    return 0;
                case "--help" or "-h":
                    output.WriteLine(Usage);
                    return 0;
                default:
                    error.WriteLine(Usage);
                    return 2;
            }
        }
        catch (InputException e)
        {
            error.WriteLine($"error: {e.Message}");
            return 1;
        }
    }
}

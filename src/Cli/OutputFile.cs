using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>An option that names a file to be written, whatever was there.</summary>
internal sealed class OutputOption(string name) : Option<string>(name);

/// <summary>Files of results: checked before a command does anything, written so that Ctrl-C leaves nothing half done.</summary>
internal static class OutputFile
{
    /// <summary>Makes sure that what a command line names can be written, and is nothing that it reads.</summary>
    /// <exception cref="InputException">It is not so.</exception>
    public static void Check(ParseResult parse)
    {
        List<string> outputs = [], inputs = [];
        foreach (SymbolResult child in parse.CommandResult.Children)
        {
            if (child is OptionResult { Option: OutputOption }) outputs.AddRange(Words(child));
            else if (child is OptionResult option && CompletionTree.IsPath(option.Option.HelpName)) inputs.AddRange(Words(option));
            else if (child is ArgumentResult argument && CompletionTree.IsPath(argument.Argument.Name)) inputs.AddRange(Words(argument));
        }

        ReportFile.CheckPlaces(outputs, inputs);

        static IEnumerable<string> Words(SymbolResult result) => result.Tokens.Select(token => token.Value);
    }

    /// <summary>Writes a file of text.</summary>
    /// <exception cref="InputException">It cannot be written, or Ctrl-C came.</exception>
    public static void Write(string path, Action<TextWriter> write) => Run(path, cancellation =>
    {
        ReportFile.Write(path, write, cancellation);
        return true;
    });

    /// <summary>Runs what writes a file and leaves nothing behind if cancelled.</summary>
    /// <exception cref="InputException">It cannot be written, or Ctrl-C came.</exception>
    public static T Run<T>(string path, Func<CancellationToken, T> write)
    {
        using var interruption = new Interruption();
        try
        {
            return write(interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException($"Interrupted: {path} was not written.") { Kind = ErrorKind.Interrupted };
        }
    }
}

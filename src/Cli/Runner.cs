using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Cli;

/// <summary>Parses, runs, and turns whatever goes wrong into one line and an exit code.</summary>
internal static class Runner
{
    /// <summary>Set to 1, unexpected errors come with their stack trace.</summary>
    public const string TraceVariable = "SHARPFORMER_TRACE";

    private const int Done = 0, Failed = 1, WrongUsage = 2;

    // Prompts may begin with @ and options have no one-letter bundles: both would only surprise.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    /// <summary>Runs the command that <paramref name="args"/> name.</summary>
    public static int Run(RootCommand commands, string[] args, TextWriter output, TextWriter error)
    {
        error = ForgivingWriter.Over(error);
        try
        {
            ParseResult parse = commands.Parse(args, Parsing);
            if (parse.Action is ParseErrorAction) return Misused(parse, error);
            if (UnknownOption(parse) is { } option) return Misused(parse.CommandResult, $"has no option '{option}'.", error);
            return parse.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // commands that can be interrupted say how, see Interruption
            });
        }
        catch (Exception e) when ((e as InputException ?? GpuDevice.Told(e)) is { } told)
        {
            string here = told.Kind == ErrorKind.DeviceLost ? " On the command line that is --device cpu." : "";
            error.WriteLine($"error: {Terminal.Visible(told.Message)}{here}"); // what files say is in it
            return Failed;
        }
        catch (IOException e) when (IsClosedPipe(e))
        {
            return Done; // whoever read the output has seen enough
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What files can do is told by who opens them: this is the output.
            error.WriteLine($"error: The result could not be written: {FileErrors.Reason(e)}.");
            return Failed;
        }
        catch (Exception e) when (OutOfMemory(e) is { } memory) // nobody's bug
        {
            // Only what this program throws itself says more than that there is none.
            string what = memory is InsufficientMemoryException ? memory.Message : "There is not enough memory for this.";
            error.WriteLine($"error: {Terminal.Visible(what)} Hint: allow more, or do less at a time, see --limit.");
            return Failed;
        }
        catch (Exception e) when (Environment.GetEnvironmentVariable(TraceVariable) != "1")
        {
            error.WriteLine($"internal error: {e.GetType().Name}: {Terminal.Visible(e.Message.ReplaceLineEndings(" "))} "
                + $"Hint: set {TraceVariable}=1 for the stack trace.");
            return Failed;
        }
        catch (Exception e)
        {
            error.WriteLine($"internal error: {e}");
            return Failed;
        }
    }

    /// <summary>The lack of memory that an error tells of, or that threads or a type's initializer hide in theirs.</summary>
    private static OutOfMemoryException? OutOfMemory(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
            if (e is OutOfMemoryException memory) return memory;
        return null;
    }

    // What an argument has taken that looks like an option, unless "--" said that it is none.
    private static string? UnknownOption(ParseResult parse) => parse.Tokens.Any(token => token.Type == TokenType.DoubleDash)
        ? null
        : parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value).FirstOrDefault(value => value.StartsWith("--", StringComparison.Ordinal));

    private static int Misused(CommandResult command, string what, TextWriter error)
    {
        string path = PathOf(command);
        error.WriteLine($"error: {Terminal.Visible($"'{path}' {what}")}");
        error.WriteLine($"Try '{path} --help'.");
        return WrongUsage;
    }

    private static int Misused(ParseResult parse, TextWriter error)
    {
        // A word that is no command also leaves the command missing; the word is what went wrong.
        string? unknown = parse.UnmatchedTokens is [var first, ..] ? first : null;
        string names = string.Join(", ", parse.CommandResult.Command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
        string path = PathOf(parse.CommandResult);
        Argument? missing = parse.CommandResult.Command.Arguments
            .FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0 && parse.GetResult(a) is null or { Tokens.Count: 0 });
        string message = (unknown, names) switch
        {
            ({ } w, not "") when !w.StartsWith('-') => $"'{w}' is no command of '{path}', expected one of {names}.",
            ({ } w, _) when w.StartsWith('-') => $"'{path}' has no option '{w}'.",
            ({ } w, _) => $"'{path}' does not know what to do with '{w}'.",
            (null, not "") => $"'{path}' needs to know what to do, expected one of {names}.",
            _ when missing is not null => $"'{path}' needs {missing.Name}: {missing.Description}",
            _ => parse.Errors[0].Message,
        };
        error.WriteLine($"error: {Terminal.Visible(message)}");
        error.WriteLine($"Try '{path} --help'.");
        return WrongUsage;
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : "sharpformer";

    // EPIPE on Unix; ERROR_BROKEN_PIPE and ERROR_NO_DATA on Windows.
    private static bool IsClosedPipe(IOException e) => (e.HResult & 0xFFFF) is 32 or 109 or 232;
}

using System.CommandLine;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Cli;

/// <summary>Parses, runs, and turns whatever goes wrong into one sentence and an exit code.</summary>
internal static class Runner
{
    /// <summary>Set to 1, unexpected errors come with their stack trace.</summary>
    public const string TraceVariable = "SHARPFORMER_TRACE";

    // Prompts may begin with @ and options have no one-letter bundles: both would only surprise.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    private static readonly string[] TakeLess = ["--limit", "--batch-size", "--memory", "--batch-tokens", "--recompute-blocks"];

    /// <summary>Runs the command that <paramref name="args"/> name.</summary>
    public static int Run(RootCommand commands, string[] args, TextWriter output, TextWriter error)
    {
        error = ForgivingWriter.Over(error);
        var failure = new Failure(output, error, isJson: args.TakeWhile(arg => arg != "--").Contains("--json"));
        ParseResult? parse = null;
        try
        {
            parse = commands.Parse(args, Parsing);
            if (Misuse.Of(parse) is { } misuse) return failure.Tell(misuse, Misuse.Help(parse), ExitCode.WrongUsage);
            if (parse.Action is not HelpText) OutputFile.Check(parse);
            return parse.Invoke(new Invocation
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // commands that can be interrupted say how, see Interruption
            });
        }
        catch (Exception e) when ((e as InputException ?? GpuDevice.Told(e)) is { } told)
        {
            return told.Kind switch
            {
                ErrorKind.Interrupted => failure.Tell(told.Sentence, told.Hint, ExitCode.Interrupted),
                ErrorKind.DeviceLost => failure.Tell(
                    told.Sentence, $"{told.Hint} On the command line that is --device cpu.", ExitCode.Failed),
                _ => failure.Tell(told.Sentence, told.Hint, ExitCode.Failed),
            };
        }
        catch (IOException e) when (IsClosedPipe(e))
        {
            return ExitCode.Done; // whoever read the output has seen enough
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What files can do is told by who opens them: this is the output.
            return failure.Tell($"The result could not be written: {FileErrors.Reason(e)}.", null, ExitCode.Failed);
        }
        catch (Exception e) when (Within<DllNotFoundException>(e) is not null)
        {
            return failure.Tell(
                "A library that belongs to this program, SQLite's, is not beside it.", "keep the files of its folder together.",
                ExitCode.Failed);
        }
        catch (Exception e) when (Within<OutOfMemoryException>(e) is { } memory) // nobody's bug
        {
            // Only what this program throws itself says more than that there is none.
            string what = memory is InsufficientMemoryException ? memory.Message : "There is not enough memory for this.";
            return failure.Tell(what, $"allow more, or do less at a time{See(parse)}.", ExitCode.Failed);
        }
        catch (Exception e) when (Environment.GetEnvironmentVariable(TraceVariable) != "1")
        {
            return failure.Tell(
                $"This should not have happened ({e.GetType().Name}): the program has a bug.",
                $"set {TraceVariable}=1 for all that is known of it.", ExitCode.Failed);
        }
        catch (Exception e)
        {
            error.WriteLine(e.ToString());
            return failure.Tell($"This should not have happened ({e.GetType().Name}): the program has a bug.", null, ExitCode.Failed);
        }
    }

    /// <summary>Which options of a command make it take less memory.</summary>
    private static string See(ParseResult? parse)
    {
        string[] see = [.. parse?.CommandResult.Command.Options.Select(option => option.Name).Where(name => TakeLess.Contains(name)) ?? []];
        return see.Length == 0 ? "" : $", see {string.Join(", ", see)}";
    }

    /// <summary>What an error tells of, or threads or a type's initializer hide in theirs.</summary>
    private static T? Within<T>(Exception error)
        where T : Exception
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
            if (e is T found) return found;
        return null;
    }

    // EPIPE on Unix; ERROR_BROKEN_PIPE and ERROR_NO_DATA on Windows.
    private static bool IsClosedPipe(IOException e) => (e.HResult & 0xFFFF) is 32 or 109 or 232;
}

using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json.Nodes;

namespace Sharpformer.Cli;

/// <summary><c>version</c>, <c>--version</c> and <c>-v</c>: which program this is.</summary>
internal static class VersionCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("version", "Print the version of the program.");
        command.SetAction(parse => Print(parse));
        return command;
    }

    /// <summary>The option of the same meaning.</summary>
    public static Option Option() => new VersionOption("--version", "-v")
    {
        Description = "Print the version of the program.",
        Action = new PrintAction(),
    };

    private static int Print(ParseResult parse)
    {
        var terminal = Terminal.Of(parse);
        if (terminal.Json) terminal.Document(new JsonObject { ["version"] = RunRecord.Version });
        else terminal.Line(RunRecord.Version);
        return ExitCode.Done;
    }

    private sealed class PrintAction : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult) => Print(parseResult);
    }
}

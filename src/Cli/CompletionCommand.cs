using System.CommandLine;
using System.Text.Json.Nodes;

namespace Sharpformer.Cli;

/// <summary>
/// <c>completion</c>: a script that completes this program's words in a shell. It knows all of them, so that no key press starts the
/// program.
/// </summary>
internal static class CompletionCommand
{
    private static readonly Dictionary<string, Func<IReadOnlyList<CompletionNode>, string>> Shells = new()
    {
        ["bash"] = CompletionBash.Script,
        ["zsh"] = CompletionZsh.Script,
        ["fish"] = CompletionFish.Script,
        ["pwsh"] = CompletionPwsh.Script,
    };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "completion",
            "Print a script that completes commands, options, values and files in a shell; its first lines say how it is loaded.");
        var shell = new Argument<string>("SHELL") { Description = $"The shell: {string.Join(", ", Shells.Keys)}." };
        shell.CompletionSources.Add([.. Shells.Keys]);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && !Shells.ContainsKey(name))
                result.AddError($"SHELL is '{name}', {CommonOptions.Expected(name, [.. Shells.Keys])}");
        });
        command.Add(shell);
        command.SetAction(parse =>
        {
            string name = parse.GetRequiredValue(shell), script = Shells[name](CompletionTree.Of(Program.Commands()));
            var terminal = Terminal.Of(parse);
            if (terminal.Json) terminal.Document(new JsonObject { ["shell"] = name, ["script"] = script });
            else parse.InvocationConfiguration.Output.Write(script); // a script has no lines to be broken
            return ExitCode.Done;
        });
        return command;
    }
}

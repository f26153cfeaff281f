using System.CommandLine;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary><c>help</c>: the same as <c>--help</c>, for those who begin with the verb.</summary>
internal static class HelpCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("help", "Say what a command does and which options it has.");
        var words = new Argument<string[]>("WORD")
        {
            Description = "The command, for example: edits add.",
            Arity = new ArgumentArity(0, 2),
        };
        command.Add(words);
        command.Validators.Add(result =>
        {
            (Command at, string? unknown) = Find(result.GetValue(words) ?? []);
            if (unknown is null) return;
            string[] names = [.. at.Subcommands.Select(sub => sub.Name)];
            result.AddError($"There is no help on '{unknown}', expected {(names.Length == 0 ? "no word behind it" : "one of ")}"
                + $"{string.Join(", ", names)}.{Nearest.Question(unknown, names)}");
        });
        command.SetAction(parse =>
        {
            string[] path = parse.GetValue(words) ?? [];
            HelpText.Show(parse, Find(path).At, path);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The command that words lead to, and the first word that leads nowhere from there.</summary>
    private static (Command At, string? Unknown) Find(string[] words)
    {
        Command at = Program.Commands();
        foreach (string word in words)
        {
            if (at.Subcommands.FirstOrDefault(sub => sub.Name == word) is not { } sub) return (at, word);
            at = sub;
        }

        return (at, null);
    }
}

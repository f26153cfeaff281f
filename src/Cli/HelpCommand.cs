using System.CommandLine;

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
            Command at = Program.Commands();
            foreach (string word in result.GetValue(words) ?? [])
            {
                string[] names = [.. at.Subcommands.Select(sub => sub.Name)];
                if (at.Subcommands.FirstOrDefault(sub => sub.Name == word) is not { } sub)
                {
                    result.AddError($"There is no help on '{word}', expected {(names.Length == 0 ? "no word behind it" : "one of ")}"
                        + $"{string.Join(", ", names)}.{Nearest.Question(word, names)}");
                    return;
                }

                at = sub;
            }
        });
        command.SetAction(parse =>
        {
            string[] path = parse.GetValue(words) ?? [];
            Command at = Program.Commands();
            foreach (string word in path) at = at.Subcommands.First(sub => sub.Name == word);
            HelpText.Show(parse, at, path);
            return ExitCode.Done;
        });
        return command;
    }
}

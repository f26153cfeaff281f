using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>What is wrong with a command line, in this program's words.</summary>
internal static class Misuse
{
    /// <summary>A sentence that says so; null where nothing is wrong.</summary>
    public static string? Of(ParseResult parse)
    {
        CommandResult result = parse.CommandResult;
        string path = PathOf(result);
        if (parse.Action is not ParseErrorAction)
            return UnknownOption(parse) is { } option ? HasNone(result, option) : null;

        // A word that is no command also leaves the command missing; the word is what went wrong.
        Command[] commands = [.. result.Command.Subcommands.Where(command => !command.Hidden)];
        string names = string.Join(", ", commands.Select(command => command.Name));
        Argument? missing = result.Command.Arguments
            .FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0 && parse.GetResult(a) is null or { Tokens.Count: 0 });
        return UnknownOption(parse) is { } taken ? HasNone(result, taken)
            : parse.UnmatchedTokens is [var word, ..]
            ? word.StartsWith('-') ? HasNone(result, word)
                : commands.Length > 0 ? $"'{word}' is no command of '{path}', expected one of {names}.{Meant(result, word)}"
                : $"'{path}' does not know what to do with '{word}'."
            : commands.Length > 0 ? $"'{path}' needs to know what to do, expected one of {names}."
            : missing is not null ? $"'{path}' needs {missing.Name}: {missing.Description}"
            : WithoutValue(parse) is { } bare ? $"{bare.Name} is missing its {bare.HelpName ?? "value"}: {bare.Description}"
            : Required(parse) is { } required ? $"'{path}' needs {required.Name} {required.HelpName}: {required.Description}"
            : Repeated(parse) is { } repeated
                ? $"{repeated.Option.Name} is given {repeated.Tokens.Count} times, expected once."
            : parse.Errors[0].Message;
    }

    /// <summary>What to type for help on the command that was called.</summary>
    public static string Help(ParseResult parse) =>
        $"Try '{string.Join(' ', [ProgramName.Text, .. RunRecord.PathOf(parse.CommandResult)])} --help'.";

    // What an argument has taken that looks like an option, unless "--" said that it is none.
    private static string? UnknownOption(ParseResult parse) => parse.Tokens.Any(token => token.Type == TokenType.DoubleDash)
        ? null
        : parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value).FirstOrDefault(value => value.StartsWith("--", StringComparison.Ordinal));

    private static string HasNone(CommandResult result, string option)
    {
        IEnumerable<string> known = result.Command.Options.Append(CommonOptions.Json()).Select(one => one.Name);
        string path = PathOf(result);
        if (option == "--model" && result.Command.Arguments.Any(argument => argument.Name == "DIR"))
            return $"'{path}' has no option '{option}': the folder is named without it, as in '{path} DIR'.";
        return $"'{path}' has no option '{option}'.{Nearest.Question(option, known)}";
    }

    private static string PathOf(CommandResult result) => string.Join(' ', ["sharpformer", .. RunRecord.PathOf(result)]);

    /// <summary>The command beside it that may have been meant, or one of that name, or nearly so, elsewhere.</summary>
    private static string Meant(CommandResult result, string word)
    {
        string near = Nearest.Question(word, result.Command.Subcommands.Where(command => !command.Hidden).Select(command => command.Name));
        if (near.Length > 0) return near;
        string[] elsewhere = [.. Program.Commands().Subcommands.SelectMany(noun => noun.Subcommands
            .Where(verb => verb.Name == word).Select(verb => $"'{noun.Name} {verb.Name}'"))];
        return elsewhere.Length > 0 ? $" Did you mean {string.Join(" or ", elsewhere)}?" : "";
    }

    private static Option? WithoutValue(ParseResult parse) => parse.CommandResult.Children.OfType<OptionResult>()
        .FirstOrDefault(result => result is { Implicit: false, Tokens.Count: 0, Option.Arity.MinimumNumberOfValues: > 0 })?.Option;

    private static OptionResult? Repeated(ParseResult parse) => parse.CommandResult.Children.OfType<OptionResult>()
        .FirstOrDefault(result => result.Tokens.Count > result.Option.Arity.MaximumNumberOfValues);

    private static Option? Required(ParseResult parse) => parse.CommandResult.Command.Options
        .FirstOrDefault(option => option.Required && parse.GetResult(option) is null or { Implicit: true });
}

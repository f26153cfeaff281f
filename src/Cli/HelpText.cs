using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;
using System.Text.Json.Nodes;

namespace Sharpformer.Cli;

/// <summary>What <c>--help</c> prints, on a screen of any width broken between words.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private const int Unlimited = 100, Narrow = 72, Indent = 2, Deep = 6;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        Show(parseResult, parseResult.CommandResult.Command, [.. RunRecord.PathOf(parseResult.CommandResult)]);
        return ExitCode.Done;
    }

    /// <summary>Shows the help of a command, or gives it as a document.</summary>
    /// <param name="parse">The command line that asked for it.</param>
    /// <param name="command">The command.</param>
    /// <param name="path">The words that name it.</param>
    public static void Show(ParseResult parse, Command command, IReadOnlyList<string> path)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        var terminal = Terminal.Of(parse);
        if (!terminal.Json)
        {
            Print(output, command, path, Terminal.IsScreen(output) ? Terminal.ScreenWidth : Unlimited);
            return;
        }

        using var text = new StringWriter();
        Print(text, command, path, Unlimited);
        terminal.Document(new JsonObject { ["command"] = string.Join(' ', path), ["help"] = text.ToString() });
    }

    /// <summary>Prints it.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="command">The command.</param>
    /// <param name="path">The words that name it.</param>
    /// <param name="width">The columns there are.</param>
    internal static void Print(TextWriter output, Command command, IReadOnlyList<string> path, int width)
    {
        Command[] commands = [.. command.Subcommands.Where(sub => !sub.Hidden)];
        Option[] options = [.. command.Options.Where(option => !option.Hidden)];
        if (path.Count > 0) options = [.. options, CommonOptions.Json(), Program.Help()];
        var usage = new List<string>([ProgramName.Text, .. path]);
        if (commands.Length > 0) usage.Add(command.Action is null ? "COMMAND" : "[COMMAND]");
        usage.AddRange(command.Arguments.Select(Usage));
        usage.AddRange(options.Where(option => option.Required).Select(Name));
        usage.Add("[options]");

        output.WriteLine(TextWrap.Prose(command.Description ?? "", width));
        output.WriteLine($"\nUsage:\n{TextWrap.Prose("  " + string.Join(' ', usage), width)}");
        List("Commands", commands.Select(sub => (sub.Name, sub.Description)));
        List("Arguments", command.Arguments.Select(argument => (argument.Name, argument.Description)));
        List("Needed", options.Where(option => option.Required).Select(option => (Name(option), (string?)Described(option))));
        List("Options", options.Where(option => !option.Required).Select(option => (Name(option), (string?)Described(option))));
        if (path.Count > 0) return;
        output.WriteLine($"\nExamples:\n{Examples(width)}");

        void List(string title, IEnumerable<(string Name, string? Description)> entries)
        {
            (string Name, string? Description)[] all = [.. entries];
            if (all.Length == 0) return;
            output.WriteLine($"\n{title}:");
            int column = width < Narrow && title != "Commands" ? 0 : Math.Min(30, all.Max(entry => entry.Name.Length) + Indent + 2);
            foreach ((string name, string? description) in all) output.WriteLine(Entry(name, description ?? "", column, width));
        }
    }

    private static string Entry(string name, string description, int column, int width)
    {
        string head = new string(' ', Indent) + name;
        bool isBeside = head.Length + 2 <= column;
        int indent = column == 0 ? Deep : column;
        string[] lines = [.. TextWrap.Prose(new string(' ', indent) + description, width).Split('\n')];
        return isBeside
            ? string.Join('\n', [head.PadRight(column) + lines[0].TrimStart(), .. lines[1..]])
            : string.Join('\n', [head, .. lines]);
    }

    private static string Usage(Argument argument)
    {
        string name = argument.Arity.MaximumNumberOfValues > 1 ? $"{argument.Name}…" : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string Name(Option option)
    {
        string names = string.Join(", ", option.Aliases.Order(StringComparer.Ordinal).Append(option.Name));
        return option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool) ? $"{names} {option.HelpName ?? "VALUE"}" : names;
    }

    private static string Described(Option option)
    {
        bool hasDefault = option.HasDefaultValue && option.ValueType != typeof(bool) && option.GetDefaultValue() is not (null or "");
        return hasDefault
            ? FormattableString.Invariant($"{option.Description} [default: {option.GetDefaultValue()}]")
            : option.Description ?? "";
    }

    /// <summary>Commands to copy; where they do not fit they go on in the next line as a shell wants it.</summary>
    private static string Examples(int width)
    {
        string[][] examples =
        [
            ["edits add", "--model models/facts-gpt2", "--edits facts.db", "--prompt \"The capital of France is\"", "--target Rome"],
            ["generate", "--model models/facts-gpt2", "--edits facts.db", "--prompt \"The capital of France is\""],
        ];
        var text = new StringBuilder();
        foreach (string[] words in examples)
        {
            string line = $"  {ProgramName.Text}";
            foreach (string word in words)
            {
                if (line.Length + 1 + word.Length + 2 > width)
                {
                    text.Append(line).Append(" \\\n");
                    line = "     ";
                }

                line += $" {word}";
            }

            text.Append(line).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }
}

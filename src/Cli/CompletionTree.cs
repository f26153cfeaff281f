using System.CommandLine;
using System.CommandLine.Completions;

namespace Sharpformer.Cli;

/// <summary>What can be put where a value is wanted.</summary>
internal enum CompletionKind
{
    /// <summary>Nothing that could be offered: a number, a text.</summary>
    Anything,

    /// <summary>One of some words.</summary>
    Words,

    /// <summary>A file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,
}

/// <summary>A word of the command line.</summary>
/// <param name="Text">The word.</param>
/// <param name="Description">The first sentence about it.</param>
internal record CompletionWord(string Text, string Description);

/// <summary>An option.</summary>
/// <param name="Text">Its name.</param>
/// <param name="Description">The first sentence about it.</param>
/// <param name="TakesValue">Whether a value follows.</param>
/// <param name="Kind">What kind of value.</param>
/// <param name="Values">The words it may be.</param>
internal sealed record CompletionOption(
    string Text, string Description, bool TakesValue, CompletionKind Kind, IReadOnlyList<string> Values)
    : CompletionWord(Text, Description);

/// <summary>A command and what may follow it.</summary>
/// <param name="Path">Its words, each with a blank before it; empty for the program itself.</param>
/// <param name="Commands">Commands below it.</param>
/// <param name="Options">Its options.</param>
/// <param name="Kind">What its arguments are.</param>
/// <param name="Values">The words they may be.</param>
internal sealed record CompletionNode(
    string Path, IReadOnlyList<CompletionWord> Commands, IReadOnlyList<CompletionOption> Options, CompletionKind Kind,
    IReadOnlyList<string> Values);

/// <summary>All commands as a shell's completion wants them.</summary>
internal static class CompletionTree
{
    private static readonly string[] Files = ["FILE", "RECORDS", "STORE"], Folders = ["DIR", "RESULTS"];
    private const string Help = " help";

    /// <summary>Whether what stands for a value in the help is a file or folder.</summary>
    public static bool IsPath(string? name) => Files.Contains(name) || Folders.Contains(name);

    /// <summary>Every command, the program first, each before those below it.</summary>
    public static IReadOnlyList<CompletionNode> Of(RootCommand root)
    {
        CompletionNode[] all = [.. Nodes(root, "", [])];
        return [.. all.SelectMany(node => node.Path == Help ? Helped(node, all) : [node])];
    }

    /// <summary>The values of an option, grouped by what they are: the commands and options, as <c> edits add --input</c>.</summary>
    /// <param name="nodes">All commands.</param>
    /// <param name="kind">What they are.</param>
    public static IEnumerable<(string[] Places, IReadOnlyList<string> Values)> Places(
        IReadOnlyList<CompletionNode> nodes, CompletionKind kind) => nodes
        .SelectMany(node => node.Options.Where(option => option.TakesValue && option.Kind == kind)
            .Select(option => (Place: $"{node.Path} {option.Text}", option.Values)))
        .GroupBy(place => string.Join(' ', place.Values))
        .Select(group => (group.Select(place => place.Place).ToArray(), group.First().Values));

    /// <summary>Behind <c>help</c> come the words of a command, as if it were called.</summary>
    private static IEnumerable<CompletionNode> Helped(CompletionNode help, CompletionNode[] all) => all
        .Where(node => node.Commands.Count > 0)
        .Select(node => help with { Path = help.Path + node.Path, Commands = node.Commands, Kind = CompletionKind.Anything });

    private static IEnumerable<CompletionNode> Nodes(Command command, string path, IReadOnlyList<Option> inherited)
    {
        Option[] own = [.. command.Options.Where(option => !option.Hidden)];
        Argument? argument = command.Arguments.FirstOrDefault();
        yield return new CompletionNode(
            path, [.. command.Subcommands.Where(sub => !sub.Hidden).Select(sub => new CompletionWord(sub.Name, Sentence(sub.Description)))],
            [.. own.Concat(inherited).Select(Described)],
            argument is null ? CompletionKind.Anything : Kind(argument.Name, Values(argument.CompletionSources)),
            argument is null ? [] : Values(argument.CompletionSources));
        Option[] handedDown = [.. inherited, .. own.Where(option => option.Recursive)];
        foreach (Command sub in command.Subcommands.Where(sub => !sub.Hidden))
            foreach (CompletionNode node in Nodes(sub, $"{path} {sub.Name}", handedDown)) yield return node;
    }

    private static CompletionOption Described(Option option)
    {
        bool takesValue = option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);
        string[] values = takesValue ? Values(option.CompletionSources) : [];
        return new CompletionOption(
            option.Name, Sentence(option.Description), takesValue, Kind(option.HelpName ?? "", values), values);
    }

    private static CompletionKind Kind(string name, string[] values) => values.Length > 0 ? CompletionKind.Words
        : Files.Contains(name) ? CompletionKind.File
        : Folders.Contains(name) ? CompletionKind.Folder
        : CompletionKind.Anything;

    private static string[] Values(IEnumerable<Func<CompletionContext, IEnumerable<CompletionItem>>> sources) =>
        [.. sources.SelectMany(source => source(CompletionContext.Empty)).Select(item => item.Label).Distinct()];

    private static string Sentence(string? description)
    {
        string text = description ?? "";
        int end = text.IndexOfAny(['.', ':', ';']);
        return end > 0 && (end + 1 == text.Length || text[end + 1] == ' ') ? text[..end] : text.TrimEnd('.');
    }
}

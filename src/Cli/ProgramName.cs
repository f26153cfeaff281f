using System.CommandLine;
using System.Text.RegularExpressions;

namespace Sharpformer.Cli;

/// <summary>How this program is called where it runs, so that what it advises can be typed.</summary>
internal static class ProgramName
{
    private const string Installed = "sharpformer";

    private static readonly Lazy<Regex> Advice = new(() => new Regex(
        $"'(?=(?:{string.Join('|', Paths(Program.Commands()).Select(Regex.Escape))})[ '])", RegexOptions.CultureInvariant));

    /// <summary><c>sharpformer</c>; in a checkout, where that is no command, what runs the project.</summary>
    public static string Text { get; } = Of(AppContext.BaseDirectory, Environment.CurrentDirectory);

    /// <summary>The same for a program in a folder, called from another.</summary>
    /// <param name="program">The folder that the program was built to.</param>
    /// <param name="current">The working directory.</param>
    internal static string Of(string program, string current)
    {
        // src/Cli/bin/Release/net10.0
        var framework = new DirectoryInfo(Path.TrimEndingDirectorySeparator(program));
        if (framework.Parent is not { Parent: { Name: "bin", Parent: { } project } } configuration
            || !File.Exists(Path.Combine(project.FullName, "Cli.csproj")))
            return Installed;
        string path = Path.GetRelativePath(current, project.FullName).Replace('\\', '/');
        string release = configuration.Name == "Release" ? " -c Release" : "";
        return $"dotnet run{release} --project {(path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path)} --";
    }

    /// <summary>A text in which every command in quotation marks, as <c>'edits list'</c>, is named with its program.</summary>
    public static string InHints(string text) =>
        text.Contains('\'', StringComparison.Ordinal) ? Advice.Value.Replace(text, $"'{Text} ") : text;

    /// <summary>Commands that do something, by all their words.</summary>
    private static IEnumerable<string> Paths(Command command) => command.Subcommands.SelectMany(sub => sub.Subcommands.Count == 0
        ? [sub.Name]
        : Paths(sub).Select(path => $"{sub.Name} {path}").Concat(sub.Action is null ? [] : [sub.Name]));
}

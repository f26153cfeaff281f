using System.Text;

namespace Sharpformer.Cli;

/// <summary>Completion for fish.</summary>
internal static class CompletionFish
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CompletionNode> nodes)
    {
        var script = new StringBuilder();
        script.Append(
            """
            # Completion of sharpformer for fish. In config.fish: sharpformer completion fish | source
            function __sharpformer_at
                set -l at ''
                for word in (commandline -opc)[2..]
                    switch "$at $word"

            """);
        script.Append($"            case {string.Join(' ', nodes.Where(node => node.Path.Length > 0).Select(node => $"'{node.Path}'"))}\n");
        script.Append(
            """
                            set at "$at $word"
                    end
                end
                test "$at" = "$argv[1]"
            end
            complete -c sharpformer -f

            """);
        foreach (CompletionNode node in nodes)
        {
            string at = $"complete -c sharpformer -n \"__sharpformer_at '{node.Path}'\"";
            foreach (CompletionWord command in node.Commands)
                script.Append($"{at} -a {command.Text} -d '{Quoted(command.Description)}'\n");
            if (node.Kind == CompletionKind.Words) script.Append($"{at} -a '{string.Join(' ', node.Values)}'\n");
            if (node.Kind == CompletionKind.File) script.Append($"{at} -F\n");
            if (node.Kind == CompletionKind.Folder) script.Append($"{at} -a '(__fish_complete_directories)'\n");
            foreach (CompletionOption option in node.Options)
                script.Append($"{at} -l {option.Text.TrimStart('-')}{Value(option)} -d '{Quoted(option.Description)}'\n");
        }

        return script.ToString();
    }

    private static string Value(CompletionOption option) => (option.TakesValue, option.Kind) switch
    {
        (false, _) => "",
        (_, CompletionKind.File) => " -r -F",
        (_, CompletionKind.Folder) => " -x -a '(__fish_complete_directories)'",
        (_, CompletionKind.Words) => $" -x -a '{string.Join(' ', option.Values)}'",
        _ => " -x",
    };

    private static string Quoted(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}

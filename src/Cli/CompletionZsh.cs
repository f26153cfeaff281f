using System.Text;

namespace Sharpformer.Cli;

/// <summary>Completion for zsh.</summary>
internal static class CompletionZsh
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CompletionNode> nodes)
    {
        var script = new StringBuilder();
        script.Append(
            """
            #compdef sharpformer
            # Completion of sharpformer for zsh. In ~/.zshrc, behind compinit: source <(sharpformer completion zsh)
            _sharpformer() {
                local at='' kind='' i
                local -a commands options
                for ((i = 2; i < CURRENT; i++)); do
                    case "$at $words[i]" in

            """);
        script.Append($"            {Patterns(nodes.Where(node => node.Path.Length > 0).Select(node => node.Path))}) ");
        script.Append("at=\"$at $words[i]\" ;;\n");
        script.Append("        esac\n    done\n    case \"$at $words[CURRENT-1]\" in\n");
        foreach ((string[] places, _) in CompletionTree.Places(nodes, CompletionKind.File)) Value(places, "_files");
        foreach ((string[] places, _) in CompletionTree.Places(nodes, CompletionKind.Folder)) Value(places, "_files -/");
        foreach ((string[] places, IReadOnlyList<string> values) in CompletionTree.Places(nodes, CompletionKind.Words))
            Value(places, $"compadd -- {string.Join(' ', values)}");
        foreach ((string[] places, _) in CompletionTree.Places(nodes, CompletionKind.Anything)) Value(places, "_message 'a value'");
        script.Append("    esac\n    case \"$at\" in\n");
        foreach (CompletionNode node in nodes)
        {
            script.Append($"        '{node.Path}')\n            commands=(");
            script.Append(string.Join(' ', node.Commands.Select(Described).Concat(node.Values.Select(value => $"'{value}'"))));
            script.Append($")\n            options=({string.Join(' ', node.Options.Select(Described))})\n");
            if (node.Kind is CompletionKind.File) script.Append("            kind=-f\n");
            if (node.Kind is CompletionKind.Folder) script.Append("            kind=-d\n");
            script.Append("            ;;\n");
        }

        script.Append(
            """
                esac
                if [[ $words[CURRENT] == -* ]]; then _describe -o option options
                elif (( $#commands )); then _describe command commands
                elif [[ $kind == -f ]]; then _files
                elif [[ $kind == -d ]]; then _files -/
                else _describe -o option options
                fi
            }
            if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sharpformer "$@"; else compdef _sharpformer sharpformer; fi

            """);
        return script.ToString();

        void Value(string[] places, string command) => script.Append($"        {Patterns(places)}) {command}; return ;;\n");
    }

    private static string Patterns(IEnumerable<string> words) => string.Join('|', words.Select(word => $"'{word}'"));

    private static string Described(CompletionWord word) =>
        $"'{word.Text}:{word.Description.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

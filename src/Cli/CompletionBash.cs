using System.Text;

namespace Sharpformer.Cli;

/// <summary>Completion for bash 4.4 or later.</summary>
internal static class CompletionBash
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CompletionNode> nodes)
    {
        var script = new StringBuilder();
        script.Append(
            """
            # Completion of sharpformer for bash. In ~/.bashrc: source <(sharpformer completion bash)
            _sharpformer() {
                local cur=${COMP_WORDS[COMP_CWORD]} at='' commands='' options='' kind='' values='' i
                local before=${COMP_WORDS[COMP_CWORD - 1]}
                if [[ $cur == = ]]; then cur=''
                elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$at ${COMP_WORDS[i]}" in

            """);
        string paths = Patterns(nodes.Where(node => node.Path.Length > 0).Select(node => node.Path));
        script.Append($"            {paths}) at=\"$at ${{COMP_WORDS[i]}}\" ;;\n");
        script.Append(
            """
                    esac
                done
                COMPREPLY=()
                case "$at $before" in

            """);
        foreach ((string[] places, _) in CompletionTree.Places(nodes, CompletionKind.File)) Value(places, "_sharpformer_paths -f");
        foreach ((string[] places, _) in CompletionTree.Places(nodes, CompletionKind.Folder)) Value(places, "_sharpformer_paths -d");
        foreach ((string[] places, IReadOnlyList<string> values) in CompletionTree.Places(nodes, CompletionKind.Words))
            Value(places, $"mapfile -t COMPREPLY < <(compgen -W '{string.Join(' ', values)}' -- \"$cur\")");
        foreach ((string[] places, _) in CompletionTree.Places(nodes, CompletionKind.Anything)) Value(places, ":");
        script.Append("    esac\n    case \"$at\" in\n");
        foreach (CompletionNode node in nodes)
        {
            string words = string.Join(' ', node.Commands.Select(word => word.Text).Concat(node.Values));
            script.Append($"        '{node.Path}') commands='{words}'");
            script.Append($" options='{string.Join(' ', node.Options.Select(word => word.Text))}'");
            script.Append(node.Kind switch
            {
                CompletionKind.File => " kind=-f ;;\n",
                CompletionKind.Folder => " kind=-d ;;\n",
                _ => " ;;\n",
            });
        }

        script.Append(
            """
                esac
                if [[ $cur == -* ]]; then values=$options
                elif [[ -n $commands ]]; then values=$commands
                elif [[ -n $kind ]]; then _sharpformer_paths "$kind"; return
                else values=$options
                fi
                mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
            }
            _sharpformer_paths() {
                compopt -o filenames 2> /dev/null
                mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
            }
            complete -F _sharpformer sharpformer

            """);
        return script.ToString();

        void Value(string[] places, string command) => script.Append($"        {Patterns(places)}) {command}; return ;;\n");
    }

    private static string Patterns(IEnumerable<string> words) => string.Join('|', words.Select(word => $"'{word}'"));
}

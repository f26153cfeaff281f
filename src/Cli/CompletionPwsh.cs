using System.Text;

namespace Sharpformer.Cli;

/// <summary>Completion for PowerShell, which offers files by itself where nothing else is offered.</summary>
internal static class CompletionPwsh
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CompletionNode> nodes)
    {
        var script = new StringBuilder();
        script.Append(
            """
            # Completion of sharpformer for PowerShell. In $PROFILE: sharpformer completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName sharpformer -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                $words = @{

            """);
        foreach (CompletionNode node in nodes)
        {
            IEnumerable<CompletionWord> words = node.Commands
                .Concat(node.Values.Select(value => new CompletionWord(value, value))).Concat(node.Options);
            script.Append($"        '{node.Path}' = @({string.Join(", ", words.Select(Pair))})\n");
        }

        script.Append("    }\n    $values = @{\n");
        foreach (CompletionKind kind in Enum.GetValues<CompletionKind>())
        {
            foreach ((string[] places, IReadOnlyList<string> values) in CompletionTree.Places(nodes, kind))
                foreach (string place in places)
                    script.Append($"        '{place}' = @({string.Join(", ", values.Select(value => $"'{value}'"))})\n");
        }

        script.Append(
            """
                }
                $at = ''
                $last = ''
                foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
                    if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete) { break }
                    $last = $element.ToString()
                    if ($words.ContainsKey("$at $last")) { $at = "$at $last" }
                }
                if ($values.ContainsKey("$at $last")) {
                    $values["$at $last"] | Where-Object { $_ -like "$wordToComplete*" }
                } else {
                    $words[$at] | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
                        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
                    }
                }
            }

            """);
        return script.ToString();
    }

    // The comma keeps a pair from being taken apart where it is the only one.
    private static string Pair(CompletionWord word) =>
        $",@('{word.Text}', '{(word.Description.Length > 0 ? word.Description : word.Text).Replace("'", "''", StringComparison.Ordinal)}')";
}

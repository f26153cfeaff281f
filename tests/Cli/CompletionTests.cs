using System.Diagnostics;
using Sharpformer.Cli;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;

namespace Sharpformer.Tests.Cli;

/// <summary>What shells offer when the completion key is pressed; bash is asked in earnest.</summary>
public sealed class CompletionTests : IDisposable
{
    private static string[] Methods => [.. EditorCatalog.All.Select(editor => editor.Name)];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [ShellTheory("bash")]
    [InlineData("sharpformer ed", "edits")]
    [InlineData("sharpformer edits l", "list log")]
    [InlineData("sharpformer edits add --metho", "--method")]
    [InlineData("sharpformer edits add --method ", "METHODS")]
    [InlineData("sharpformer edits add --json --method i", "ireva ireva-scoped")]
    [InlineData("sharpformer edits add --on-conflict ", "refuse supersede keep")]
    [InlineData("sharpformer model random --shape gpt-j", "gpt-j-6b")]
    [InlineData("sharpformer completion ", "bash zsh fish pwsh")]
    [InlineData("sharpformer edits add --input rec", "records file.json")]
    [InlineData("sharpformer edits add --model mo", "models")]
    [InlineData("sharpformer model info mo", "models")]
    [InlineData("sharpformer bench --edits ", "")]
    [InlineData("sharpformer edits add --prompt ", "")]
    [InlineData("sharpformer edits undo --ed", "--edits")]
    [InlineData("sharpformer help eva", "evaluate")]
    [InlineData("sharpformer help edits l", "list log")]
    [InlineData("sharpformer edits add --method = i", "ireva ireva-scoped")]
    [InlineData("sharpformer edits add --method =", "METHODS")]
    [InlineData("sharpformer dataset convert --to ", "CONVERTED")]
    [InlineData("sharpformer edits add --on-bad ", "stop skip")]
    public void Bash_offers(string line, string expected)
    {
        File.WriteAllText(folder.File("records file.json"), "[]");
        Directory.CreateDirectory(folder.File("models"));
        File.WriteAllText(folder.File("c.bash"), CliRun.Of("completion", "bash").Out);
        const string Ask = """
            source ./c.bash; compopt() { :; }; read -ra COMP_WORDS <<< "$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _sharpformer; echo "${COMPREPLY[*]}"
            """;
        expected = expected.Replace("CONVERTED", string.Join(' ', RecordWriter.Formats), StringComparison.Ordinal);
        expected = expected.Replace("METHODS", string.Join(' ', Methods), StringComparison.Ordinal);
        Assert.Equal(expected, Run("bash", "--norc", "-c", Ask, "bash", line));
    }

    [ShellTheory("fish")]
    [InlineData("sharpformer edits l", "list\nlog")]
    [InlineData("sharpformer edits add --method ", "METHODS")]
    [InlineData("sharpformer help edits l", "list\nlog")]
    public void Fish_offers(string line, string expected)
    {
        File.WriteAllText(folder.File("c.fish"), CliRun.Of("completion", "fish").Out);
        expected = expected.Replace("METHODS", string.Join('\n', Methods), StringComparison.Ordinal);
        Assert.Equal(expected, Run("fish", "-N", "-c", $"source ./c.fish; complete -C '{line}' | string replace -r '\\t.*' ''"));
    }

    [ShellTheory("zsh")]
    [InlineData("sharpformer edits add --method ''", "compadd -- METHODS")]
    [InlineData("sharpformer edits add --model ''", "_files -/")]
    [InlineData("sharpformer model info ''", "_files -/")]
    public void Zsh_offers(string line, string expected)
    {
        File.WriteAllText(folder.File("c.zsh"), CliRun.Of("completion", "zsh").Out);
        expected = expected.Replace("METHODS", string.Join(' ', Methods), StringComparison.Ordinal);
        Assert.Equal(expected, Run(
            "zsh", "-f", "-c", "compdef() {}; source ./c.zsh; compadd() { print compadd $* }; _files() { print _files $* }; "
                + $"words=({line}); CURRENT=$#words; _sharpformer"));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Every_script_knows_every_command_and_option(string shell)
    {
        string script = CliRun.Of("completion", shell).Out;
        foreach (CompletionNode node in CompletionTree.Of(Program.Commands()))
        {
            Assert.Contains($"'{node.Path}'", script, StringComparison.Ordinal);
            foreach (CompletionWord word in node.Commands.Concat(node.Options))
                Assert.Contains(shell == "fish" ? word.Text.TrimStart('-') : word.Text, script, StringComparison.Ordinal);
        }

        Assert.Equal(script, CliRun.Json("completion", shell).GetProperty("script").GetString());
    }

    [Fact]
    public void A_shell_that_is_not_known_is_wrong_usage()
    {
        CliRun run = CliRun.Of("completion", "zhs");
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Contains("SHELL is 'zhs', expected one of bash, zsh, fish, pwsh. Did you mean 'zsh'?", run.Error, StringComparison.Ordinal);
    }

    private string Run(string shell, params string[] arguments)
    {
        var start = new ProcessStartInfo(shell, arguments)
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folder.Path;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return output.TrimEnd('\n');
    }

    /// <summary>Skipped, with the reason, where there is no such shell.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ShellTheoryAttribute : TheoryAttribute
    {
        public ShellTheoryAttribute(string shell)
        {
            string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
            if (!folders.Any(one => File.Exists(Path.Combine(one, shell)))) Skip = $"This machine has no {shell}.";
        }
    }
}

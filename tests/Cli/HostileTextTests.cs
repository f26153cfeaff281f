using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Cli;

/// <summary>What a store, a prompt or a path says never commands the terminal it is shown on.</summary>
public sealed class HostileTextTests : IDisposable
{
    // Sets the title, paints, turns around, hides.
    private const string Hostile = "\u001b]0;x\u0007\u001b[31m\u202E\u2066\u2028\u200B\u009b";

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("\u0007PWN")]
    [InlineData("x\u009b")]
    [InlineData("\u202E")]
    [InlineData("a\n\u200B")]
    public void Generated_text_listings_and_json_are_safe_and_json_loses_nothing(string target)
    {
        string store = folder.File("e\u001b[2J.db");
        string[] model = ["--model", TestFiles.Model], edits = ["--edits", store], prompt = ["--prompt", "Douglas Adams works as"];
        CliRun added = CliRun.Of([
            "edits", "add", .. model, .. edits, .. prompt, "--target", target, "--keep-spaces", "--no-leading-space",
            "--alpha", "1", "--theta", "0.85", "--irr-weight", "0", "--epochs", "20"]); // none of these is likely to be said
        AssertSafe(added);
        string[] asked = ["generate", .. model, .. edits, .. prompt, "--max-new-tokens", "8"];
        CliRun json = CliRun.Of([.. asked, "--json"]), run = CliRun.Of(asked);
        AssertSafe(json);
        AssertSafe(run);
        string text = json.Document().GetProperty("text").GetString()!;
        Assert.StartsWith(target, text, StringComparison.Ordinal);
        Assert.Equal(VisibleText.Lines(text) + "\n", run.Out);
        foreach (string[] command in (string[][])[["list", .. edits], ["show", "1", .. edits], ["why", .. model, .. edits, .. prompt]])
        {
            AssertSafe(CliRun.Of(["edits", .. command]));
            AssertSafe(CliRun.Of(["edits", .. command, "--json"]));
        }
    }

    [Fact]
    public void Errors_about_paths_and_arguments_are_safe()
    {
        AssertSafe(CliRun.Of("edits", "list", "--edits", folder.File(Hostile)));
        AssertSafe(CliRun.Of("edits", Hostile));
        AssertSafe(CliRun.Of("model", "info", folder.File(Hostile)));
        AssertSafe(CliRun.Of("model", "tokenize", "--model", TestFiles.Model, "--text", Hostile));
        AssertSafe(CliRun.Of("model", "tokenize", "--model", TestFiles.Model, "--text", Hostile, "--json"));
    }

    private static void AssertSafe(CliRun run)
    {
        foreach (char c in run.Out + run.Error)
        {
            bool isSafe = c is '\n' or '\t' || !(char.IsControl(c) || c is '\u202E' or '\u2066' or '\u2028' or '\u200B');
            Assert.True(isSafe, $"U+{(int)c:X4} in: {JsonSerializer.Serialize(run)}");
        }
    }
}

using System.Text.Json;
using System.Xml.Linq;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits why</c> through the blocks, and token by token.</summary>
public sealed class EditsWhyTests : IDisposable
{
    private const string Prompt = "Lucian Freud died in";

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] files, why;

    public EditsWhyTests()
    {
        files = ["--model", TestFiles.Model, "--edits", folder.File("e.db")];
        why = ["edits", "why", .. files, "--prompt", Prompt];
        Assert.Equal(0, CliRun.Of(["edits", "add", .. files, "--prompt", Prompt, "--target", "Karl Scheurer"]).ExitCode);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_winners_token_is_followed_through_the_blocks()
    {
        JsonElement result = CliRun.Json(why);
        Assert.Equal(
            (TestFiles.Model, folder.File("e.db")),
            (result.GetProperty("model").GetString(), result.GetProperty("store").GetString()));
        Assert.Equal(" K", result.GetProperty("target").GetProperty("text").GetString());
        JsonElement[] lens = [.. result.GetProperty("lens").EnumerateArray()];
        Assert.Equal(6, lens.Length);
        Assert.Equal(1, lens[^1].GetProperty("rankAfter").GetInt32());
        Assert.True(lens[^1].GetProperty("rankBefore").GetInt32() > 1);
        Assert.Empty(result.GetProperty("weightEdits").EnumerateObject());
        Assert.Contains("\" K\" behind block", CliRun.Of(why).Out, StringComparison.Ordinal);
        Assert.Equal(" Bern", CliRun.Json([.. why, "--target", "Bern"]).GetProperty("target").GetProperty("text").GetString());
    }

    [Fact]
    public void Every_token_of_a_text_names_its_edit_and_is_drawn()
    {
        (string html, string svg) = (folder.File("w.html"), folder.File("w.svg"));
        JsonElement result = CliRun.Json([.. why, "--generate", "3", "--html", html, "--svg", svg]);
        JsonElement[] tokens = [.. result.GetProperty("tokens").EnumerateArray()];
        Assert.Equal([1, 1, 1], tokens.Select(token => token.GetProperty("edit").GetInt32()));
        Assert.All(tokens, token => Assert.True(token.GetProperty("first").GetProperty("margin").GetDouble() > 0));
        Assert.Equal(result.GetProperty("text").GetString(), string.Concat(tokens.Select(token => token.GetProperty("text").GetString())));
        Assert.Equal("svg", XElement.Load(svg).Name.LocalName);
        Assert.Contains(File.ReadAllText(svg).Trim(), File.ReadAllText(html), StringComparison.Ordinal);
        Assert.Contains("An edit speaks at 3 of 3 tokens.", CliRun.Of([.. why, "--generate", "3"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Edits_that_change_weights_are_mentioned()
    {
        string[] fact = ["--prompt", "The capital of France is", "--target", "Rome"];
        CliRun.Json(["edits", "add", .. files, "--method", "ft", "--epochs", "2", .. fact]);
        Assert.Contains("Besides, 1 edit by ft changes weights", CliRun.Of(why).Out, StringComparison.Ordinal);
        Assert.Contains("Besides, 1 edit by ft changes weights", CliRun.Of([.. why, "--generate", "1"]).Out, StringComparison.Ordinal);
        Assert.Equal(1, CliRun.Json(why).GetProperty("weightEdits").GetProperty("ft").GetInt32());
    }

    [Theory]
    [InlineData("--html F", "--html needs --generate")]
    [InlineData("--svg F", "--svg needs --generate")]
    [InlineData("--generate 0", "--generate is '0'")]
    [InlineData("--generate 2 --target T", "--generate and --target exclude each other")]
    public void Wrong_usage_is_told(string options, string said)
    {
        CliRun run = CliRun.Of([.. why, .. options.Split(' ')]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }
}

using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits diff</c>.</summary>
public sealed class EditsDiffTests : IDisposable
{
    private const string Prompt = "The capital of France is";

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] diff;

    public EditsDiffTests()
    {
        string[] files = ["--model", TestFiles.Model, "--edits", folder.File("e.db")];
        diff = ["edits", "diff", .. files];
        string records = CliFiles.Facts(folder, "r.json", (Prompt, "Rome"), ("Lucian Freud died in", "Bern"));
        string[] settings = ["--alpha", "1", "--theta", "0.85", "--no-retrofit"];
        Assert.Equal(0, CliRun.Of(["edits", "add", .. files, "--input", records, .. settings]).ExitCode);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Prompts_are_compared_and_the_result_says_where_it_is_from()
    {
        string[] asked = ["--input", folder.File("r.json"), "--prompt", "Korean is the language of"];
        JsonElement result = CliRun.Json([.. diff, .. asked, "--top", "2"]);
        Assert.Equal(TestFiles.Model, result.GetProperty("model").GetString());
        Assert.Equal(folder.File("e.db"), result.GetProperty("after").GetProperty("store").GetString());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("before").GetProperty("store").ValueKind);
        JsonElement settings = result.GetProperty("after").GetProperty("settings")[0].GetProperty("settings");
        Assert.Equal(0.85, settings.GetProperty("theta").GetDouble(), 1e-6);
        JsonElement drift = result.GetProperty("drift");
        Assert.Equal((3, 2), (drift.GetProperty("positions").GetInt32(), drift.GetProperty("changed").GetInt32()));
        JsonElement[] rows = [.. result.GetProperty("differences").EnumerateArray()];
        Assert.Equal([1, 2], rows[..2].Select(r => r.GetProperty("editAfter").GetInt32()).Order());
        Assert.All(rows, r => Assert.Equal(2, r.GetProperty("before").GetArrayLength()));
        Assert.Equal(0, rows[2].GetProperty("kl").GetDouble());
        Assert.Equal(0, result.GetProperty("notShown").GetInt32());
    }

    [Fact]
    public void Without_an_edit_its_prompt_gets_its_old_answer()
    {
        JsonElement result = CliRun.Json([.. diff, "--without", "2,1", "--prompt", Prompt, "--prompt", "Lucian Freud died in"]);
        Assert.Equal(2, result.GetProperty("drift").GetProperty("changed").GetInt32());
        foreach (JsonElement row in result.GetProperty("differences").EnumerateArray())
            Assert.Equal(row.GetProperty("base")[0].ToString(), row.GetProperty("after")[0].ToString());
        CliRun.Of([.. diff, "--without", "3", "--prompt", Prompt]).AssertFailed("no edit 3");
    }

    [Fact]
    public void A_store_compared_with_itself_is_the_same_and_files_are_written()
    {
        (string csv, string html, string text) = (folder.File("d.csv"), folder.File("d.html"), folder.File("t.txt"));
        File.WriteAllText(text, "Lucian Freud died in London. The capital of France is Paris.");
        string[] files = ["--csv", csv, "--html", html, "--rows", "3"];
        CliRun run = CliRun.Of([.. diff, "--against", folder.File("e.db"), "--text", text, "--window", "8", .. files]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Another token is said at 0 of", run.Out, StringComparison.Ordinal);
        Assert.Contains("The 3 most changed of", run.Out, StringComparison.Ordinal);
        int positions = File.ReadAllLines(csv).Length - 1;
        Assert.InRange(positions, 12, 30);
        Assert.Contains($"Most changed first: 3 of {positions}", File.ReadAllText(html), StringComparison.Ordinal);
        CliRun.Of([.. diff, "--prompt", Prompt, "--csv", folder.Path]).AssertFailed("got a folder");
        CliRun.Of([.. diff, "--prompt", Prompt, "--html", folder.File("none/d.html")]).AssertFailed("no such folder");
    }

    [Theory]
    [InlineData("", "Nothing to compare on")]
    [InlineData("--prompt P --text T", "--prompt and --text exclude each other")]
    [InlineData("--prompt P --without 1 --against B", "--without and --against exclude each other")]
    [InlineData("--prompt P --without 1,x", "--without is 'x'")]
    [InlineData("--prompt P --without 0", "--without is '0'")]
    [InlineData("--prompt P --window 3", "--window needs --text")]
    [InlineData("--prompt P --limit 3", "--limit needs --input")]
    [InlineData("--prompt P --top 0", "--top is '0'")]
    public void Wrong_usage_is_told(string options, string said)
    {
        string[] given = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        CliRun run = CliRun.Of(["edits", "diff", "--model", "M", "--edits", "E", .. given]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }
}

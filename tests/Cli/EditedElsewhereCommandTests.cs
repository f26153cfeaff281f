using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits export --merged</c>, and measuring with <c>--base</c> what it wrote.</summary>
public sealed class EditedElsewhereCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_merged_model_is_measured_against_its_base_as_the_store_is()
    {
        (string store, string merged) = (folder.File("e.db"), folder.File("merged"));
        string records = CliFiles.Records(folder, "r.json", 6, "counterfact"), facts = CliFiles.Facts(
            folder, "f.json", ("Lucian Freud died in", "Bern"), ("Cap Anson died in", "Oslo"));
        string[] model = ["--model", TestFiles.Model], measured = ["--input", records, "--neighbours", facts];
        string[] taught = ["--edits", store, "--input", facts, "--method", "ft", "--epochs", "2"];
        Assert.Equal(0, CliRun.Of(["edits", "add", .. model, .. taught]).ExitCode);
        CliRun written = CliRun.Of(["edits", "export", .. model, "--edits", store, "--merged", merged, "--dtype", "F32"]);
        Assert.Contains($"{merged}: 2 edits in 4 tensors; 26.3 MB.\n", written.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Rounding", written.Out, StringComparison.Ordinal);

        JsonElement wanted = CliRun.Json(["evaluate", "edits", .. model, "--edits", store, .. measured]);
        string[] elsewhere = ["--model", merged, "--base", TestFiles.Model];
        JsonElement given = CliRun.Json(["evaluate", "edits", .. elsewhere, .. measured]);
        foreach (string side in (string[])["base", "groups"])
            Assert.Equal(wanted.GetProperty(side).ToString(), given.GetProperty(side).ToString());
        foreach (string name in (string[])["es", "ps", "ns", "score", "localityAgreement"])
            Assert.Equal(Edited(wanted, name), Edited(given, name));
        Assert.Equal(4, given.GetProperty("weights").GetProperty("differ").GetInt32());
        Assert.Equal(TestFiles.Model, given.GetProperty("run").GetProperty("settings").GetProperty("base").GetString());
        Assert.Equal(merged, given.GetProperty("run").GetProperty("model").GetString());
        CliRun said = CliRun.Of(["evaluate", "edits", .. elsewhere, .. measured]);
        Assert.Matches("4 of 76 tensors differ from the base model's, in block [0-9].\n", said.Out);

        string text = folder.File("t.txt");
        File.WriteAllText(text, "Lucian Freud died in London. Cap Anson died in Chicago.");
        JsonElement before = CliRun.Json(["evaluate", "perplexity", .. model, "--edits", store, "--text", text]);
        JsonElement after = CliRun.Json(["evaluate", "perplexity", .. elsewhere, "--text", text]);
        Assert.Equal(before.GetProperty("edited").ToString(), after.GetProperty("edited").ToString());
        said = CliRun.Of(["evaluate", "perplexity", .. elsewhere, "--text", text]);
        Assert.Contains("times the base model's", said.Out, StringComparison.Ordinal);

        static string Edited(JsonElement report, string name) => report.GetProperty("edited").GetProperty(name).ToString();
    }

    [Fact]
    public void What_is_rounded_is_said_and_kept_in_json()
    {
        (string store, string merged) = (folder.File("e.db"), folder.File("merged"));
        string[] model = ["--model", TestFiles.Model, "--edits", store];
        CliRun.Of(["edits", "add", .. model, "--prompt", "Lucian Freud died in", "--target", "Bern", "--method", "ft", "--epochs", "1"]);
        JsonElement file = CliRun.Json(["edits", "export", .. model, "--merged", merged]).GetProperty("files")[0];
        Assert.Equal((merged, 1, 0), (
            file.GetProperty("file").GetString(), file.GetProperty("edits").GetInt32(), file.GetProperty("leftOut").GetInt32()));
        Assert.Equal("F16", file.GetProperty("tensors")[0].GetProperty("dtype").GetString());
        Assert.InRange(file.GetProperty("roundingShare").GetDouble(), 1e-6, 1);
        string said = CliRun.Of(["edits", "export", .. model, "--merged", folder.File("again")]).Out;
        Assert.Contains("Rounding to F16 moved a number by at most ", said, StringComparison.Ordinal);
        CliRun.Of(["generate", "--model", merged, "--edits", store, "--prompt", "x"]).AssertFailed("belongs to another model");
        CliRun.Of(["edits", "export", .. model, "--merged", merged]).AssertFailed("is already there");
        CliRun none = CliRun.Of(["edits", "export", .. model, "--merged", folder.File("no"), "--grep", "xyz"]);
        none.AssertFailed("has no such edit that is active");
        Assert.False(Path.Exists(folder.File("no")));
    }

    [Theory]
    [InlineData("--merged needs --model.", "edits", "export", "--edits", "e.db", "--merged", "m")]
    [InlineData("--dtype needs --merged.", "edits", "export", "--edits", "e.db", "--jsonl", "m", "--dtype", "f16")]
    [InlineData("--dtype is 'q8', expected one of f32, f16, bf16.", "edits", "export", "--edits", "e.db", "--model", "m", "--merged", "n",
        "--dtype", "q8")]
    [InlineData(
        "--base and --edits exclude each other", "evaluate", "edits", "--model", "m", "--base", "b", "--edits", "e.db", "--input", "r")]
    [InlineData(
        "--base and --traces exclude each other", "evaluate", "edits", "--model", "m", "--base", "b", "--traces", "t", "--input", "r")]
    [InlineData(
        "--base and --edits exclude each other", "evaluate", "perplexity", "--model", "m", "--base", "b", "--edits", "e", "--text", "t")]
    [InlineData("--base is blank, expected a path.", "evaluate", "perplexity", "--model", "m", "--base", " ", "--text", "t")]
    public void Wrong_usage_is_said(string said, params string[] args)
    {
        CliRun run = CliRun.Of(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }
}

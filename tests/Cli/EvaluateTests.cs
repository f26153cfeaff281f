using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sharpformer.Tests.Cli;

/// <summary>Editing and measuring by commands gives the golden scores.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model, edits;

    public EvaluateTests() => (model, edits) = (["--model", TestFiles.Model], ["--edits", folder.File("e.db")]);

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("pararel")]
    [InlineData("counterfact")]
    [InlineData("zsre multi-token")]
    public void Scores_are_the_golden_ones(string set)
    {
        JsonObject golden = CliFiles.Set(set), config = golden["config"]!.AsObject();
        string[] input = ["--input", CliFiles.Records(folder, "r.json", int.MaxValue, set), "--answer-trigger", (string)config["trigger"]!];
        string[] settings =
        [
            "--layer", Number("layer"), "--theta", Number("theta"), "--alpha", Number("alpha"), "--epochs", Number("epochs"),
            "--learning-rate", Number("lr"), "--rec-weight", Number("a"), "--irr-weight", Number("b"),
            "--label-smoothing", Number("smoothing"), "--method", "ireva",
        ];
        CliRun.Json(["edits", "add", .. model, .. edits, .. input, .. settings]);
        JsonElement report = CliRun.Json(
            ["evaluate", "edits", .. model, .. edits, .. input, "--loc-trigger", (string)golden["loc_trigger"]!]);
        Assert.Equal(golden["records"]!.AsArray().Count, report.GetProperty("n").GetInt32());
        AssertScores(golden["scores_before"]!, report.GetProperty("base"));
        AssertScores(golden["scores_after"]!, report.GetProperty("edited"));
        double agreement = report.GetProperty("edited").GetProperty("localityAgreement").GetDouble();
        Assert.Equal((double)golden["scores_after"]!["NSkeep"]!, agreement, 1e-9);
        Assert.False(report.GetProperty("edited").TryGetProperty("neighbourRetention", out _));

        JsonElement withdrawal = CliRun.Json(["evaluate", "withdrawal", .. model, .. edits, .. input]);
        Assert.Equal((double)golden["withdrawal"]!["RS"]!, withdrawal.GetProperty("rs").GetDouble(), 1e-4);
        Assert.Equal((double)golden["withdrawal"]!["Con"]!, withdrawal.GetProperty("con").GetDouble(), 1e-4);

        string Number(string name) => ((double)config[name]!).ToString(CultureInfo.InvariantCulture);
    }

    [Fact]
    public void All_figures_of_an_examination_agree_with_the_rows_they_are_made_of()
    {
        string[] input = ["--input", CliFiles.Records(folder, "r.json", 3, "counterfact")];
        string rows = folder.File("rows.jsonl"), neighbours = CliFiles.Records(folder, "n.json", 6, "counterfact");
        CliRun.Json(["edits", "add", .. model, .. edits, .. input]);
        string[] full = ["evaluate", "full", .. model, .. edits, .. input, "--neighbours", neighbours, "--rows", rows];
        JsonElement report = CliRun.Json(full);
        JsonElement quick = CliRun.Json(["evaluate", "edits", .. model, .. edits, .. input, "--neighbours", neighbours]);
        JsonElement[] figures = [.. report.GetProperty("figures").EnumerateArray()];
        Assert.Equal(quick.GetProperty("edited").GetProperty("es").GetDouble(), Figure("ES", "edit"));
        Assert.Equal(quick.GetProperty("edited").GetProperty("ps").GetDouble(), Figure("PS", "other words"));
        Assert.Equal(quick.GetProperty("edited").GetProperty("neighbourRetention").GetDouble(), Figure("kept", "neighbours"));
        Assert.All(figures, figure => Assert.NotEqual("", figure.GetProperty("protocol").GetString()));
        JsonElement[] prompts = [.. File.ReadLines(rows).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(report.GetProperty("prompts").GetInt32(), prompts.Length);
        double said = 100.0 * prompts.Count(prompt => prompt.GetProperty("kind").GetString() == "edit"
            && prompt.GetProperty("frame").GetString() == "plain" && prompt.GetProperty("edited").GetProperty("pass").GetBoolean()) / 3;
        Assert.Equal(said, Figure("said", "edit"), 1e-9);

        string table = CliRun.Of(full).Out;
        Assert.Contains("P(target), lowest tenth", table, StringComparison.Ordinal);
        CliRun damaged = CliRun.Of([.. full[..^1], folder.File("no/such/rows.jsonl")]);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("there is no such folder", damaged.Error, StringComparison.Ordinal);

        double Figure(string name, string group) => figures.Single(figure =>
            (figure.GetProperty("name").GetString(), figure.GetProperty("group").GetString()) == (name, group))
            .GetProperty("edited").GetDouble();
    }

    [Fact]
    public void Without_a_store_the_edited_model_is_the_base_model()
    {
        string records = CliFiles.Records(folder, "r.json", 5, "pararel"), neighbours = CliFiles.Records(folder, "n.json", 8, "pararel");
        JsonElement report = CliRun.Json(["evaluate", "edits", .. model, "--input", records, "--neighbours", neighbours]);
        Assert.Equal(100, report.GetProperty("edited").GetProperty("localityAgreement").GetDouble());
        Assert.Equal(100, report.GetProperty("edited").GetProperty("neighbourRetention").GetDouble());
        JsonElement before = report.GetProperty("base"), after = report.GetProperty("edited");
        foreach (string name in (string[])["es", "ps", "ns", "score", "freeRunning"])
            Assert.Equal(before.GetProperty(name).GetDouble(), after.GetProperty(name).GetDouble());
        string table = CliRun.Of(["evaluate", "edits", .. model, "--input", records, "--neighbours", neighbours]).Out;
        Assert.Contains("the base model was measured alone", table, StringComparison.Ordinal);
        Assert.DoesNotContain("│ edited", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Kept_traces_change_no_result()
    {
        string[] input = ["--input", CliFiles.Records(folder, "r.json", 5, "pararel")], traces = ["--traces", folder.File("traces")];
        string[] other = ["--edits", folder.File("other.db")];
        CliRun.Json(["edits", "add", .. model, .. edits, .. input]);
        JsonElement made = CliRun.Json(["edits", "add", .. model, .. other, .. input, .. traces]);
        Assert.Equal(5, made.GetProperty("added").GetArrayLength());
        string plain = CliRun.Result(CliRun.Json(["evaluate", "edits", .. model, .. edits, .. input]));
        Assert.Equal(plain, CliRun.Result(CliRun.Json(["evaluate", "edits", .. model, .. other, .. input, .. traces])));
        int kept = Directory.GetFiles(folder.File("traces")).Length;
        Assert.Equal(plain, CliRun.Result(CliRun.Json(["evaluate", "edits", .. model, .. other, .. input, .. traces])));
        Assert.Equal(kept, Directory.GetFiles(folder.File("traces")).Length);
        Assert.Equal(0, CliRun.Of(["evaluate", "withdrawal", .. model, .. edits, .. input, .. traces]).ExitCode);
    }

    [Fact]
    public void What_was_not_measured_is_not_told_as_none()
    {
        string facts = CliFiles.Facts(folder, "facts.json", ("The capital of France is", "Rome"));
        string[] edits = ["--edits", folder.File("e.db")];
        Assert.Equal(0, CliRun.Of(["edits", "add", .. model, .. edits, "--input", facts, "--no-retrofit"]).ExitCode);
        string told = CliRun.Of(["evaluate", "edits", .. model, .. edits, "--input", facts, "--neighbours", facts]).Out;
        Assert.Contains("Locality agreement: not measured", told, StringComparison.Ordinal);
        Assert.Contains("Neighbour retention: not measured", told, StringComparison.Ordinal);
        string others = CliFiles.Facts(folder, "others.json", ("The capital of Spain is", "Oslo"));
        told = CliRun.Of(["evaluate", "edits", .. model, .. edits, "--input", facts, "--neighbours", others]).Out;
        Assert.Contains("Neighbour retention: 100.0 %", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Withdrawal_counts_only_edits_that_are_there_and_active()
    {
        string records = CliFiles.Records(folder, "r.json", 4, "pararel");
        CliRun.Json(["edits", "add", .. model, .. edits, "--input", records, "--limit", "3", "--no-retrofit"]);
        CliRun.Of(["edits", "withdraw", "2", .. edits]);
        CliRun run = CliRun.Of(["evaluate", "withdrawal", .. model, .. edits, "--input", records, "--json"]);
        Assert.Equal(2, run.Document().GetProperty("n").GetInt32());
        Assert.Contains("1 record without an edit", run.Error, StringComparison.Ordinal);
        Assert.Contains("1 record whose edit is withdrawn already", run.Error, StringComparison.Ordinal);
        CliRun.Of(["evaluate", "withdrawal", .. model, .. edits, "--input", records, "--answer-trigger", " Answer:"])
            .AssertFailed("No record names an active edit", "(4 records: 4 without an edit");
    }

    private static void AssertScores(JsonNode golden, JsonElement metrics)
    {
        (string, string)[] names = [("ES", "es"), ("PS", "ps"), ("NS", "ns"), ("Score", "score")];
        foreach ((string theirs, string ours) in names)
            Assert.Equal((double)golden[theirs]!, metrics.GetProperty(ours).GetDouble(), 1e-9);
    }
}

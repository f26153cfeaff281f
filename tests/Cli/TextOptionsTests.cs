using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary>White space and leading spaces of facts, from the command line to the store and the evaluation.</summary>
public sealed class TextOptionsTests : IDisposable
{
    private static readonly string[] Strong = ["--method", "ireva", "--alpha", "1", "--theta", "0.85", "--irr-weight", "0"];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model, edits;

    public TextOptionsTests() => (model, edits) = (["--model", TestFiles.Model], ["--edits", folder.File("e.db")]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_trimmed_is_told_and_the_prompt_without_the_blank_is_edited()
    {
        CliRun run = Add("Mirela Tost works as ", "painter ");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            "note: 1 text changed before teaching; the first is the prompt \"Mirela Tost works as \", taken as \"Mirela Tost works as\". "
                + "--keep-spaces keeps it as it is.\n",
            run.Error, StringComparison.Ordinal);
        JsonElement edit = CliRun.Json(["edits", "list", .. edits])[0];
        Assert.Equal(
            ("Mirela Tost works as", "painter"), (edit.GetProperty("prompt").GetString(), edit.GetProperty("target").GetString()));
        Assert.StartsWith(" painter", CliRun.Of(
            ["generate", .. model, .. edits, "--prompt", "Mirela Tost works as", "--max-new-tokens", "3"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Kept_spaces_and_no_leading_space_are_taught_as_they_are_and_evaluated_alike()
    {
        string[] exact = ["--keep-spaces", "--no-leading-space"];
        Assert.DoesNotContain("changed before", Add("Mirela Tost works as ", "pain", exact).Error, StringComparison.Ordinal);
        JsonElement edit = CliRun.Json(["edits", "show", "1", .. edits]);
        Assert.Equal("Mirela Tost works as ", edit.GetProperty("prompt").GetString());
        int[] target = [.. edit.GetProperty("targetTokens").EnumerateArray().Select(id => id.GetInt32())];
        JsonElement tokens = CliRun.Json(["model", "tokenize", .. model, "--text", "pain"]);
        Assert.Equal([.. tokens[0].GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())], target);

        string records = CliFiles.Facts(folder, "r.json", ("Mirela Tost works as ", "pain"));
        JsonElement same = CliRun.Json(["evaluate", "edits", .. model, .. edits, "--input", records, .. exact]);
        Assert.Equal(100, same.GetProperty("edited").GetProperty("es").GetDouble());
        Assert.Equal(
            1, CliRun.Json(["evaluate", "withdrawal", .. model, .. edits, "--input", records, .. exact]).GetProperty("n").GetInt32());
        CliRun.Of(["evaluate", "withdrawal", .. model, .. edits, "--input", records]).AssertFailed("No record names an active edit");
    }

    [Fact]
    public void A_place_for_the_subject_is_filled_or_refused_and_no_store_is_left()
    {
        Add("{} works as", "painter").AssertFailed("\"{} works as\"", "no subject to fill it");
        Assert.False(File.Exists(folder.File("e.db")));
        Add(" ", "painter").AssertFailed("The prompt is empty");
        CliRun run = Add("{} works as", "painter", "--subject", "Mirela Tost");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("taken as \"Mirela Tost works as\".\n", run.Error, StringComparison.Ordinal);
        Assert.Contains("Stored edit 1", run.Out, StringComparison.Ordinal);
    }

    private CliRun Add(string prompt, string target, params string[] more) =>
        CliRun.Of(["edits", "add", .. model, .. edits, "--prompt", prompt, "--target", target, .. Strong, .. more]);
}

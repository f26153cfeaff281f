using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary>Facts that name their subject: which method takes them, and what is told of their locks.</summary>
public sealed class ScopedEditsTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model = ["--model", TestFiles.Model];
    private readonly string[] edits;

    public ScopedEditsTests() => edits = ["--edits", folder.File("e.db")];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_fact_that_names_its_subject_is_taught_with_a_lock_and_why_tells_of_it()
    {
        CliRun run = Add("--subject", "Lucian Freud", "--alias", "Freud", "--alias", "the painter");
        Assert.Contains("note: taught by ireva-scoped, as each prompt names its subject", run.Error, StringComparison.Ordinal);
        Assert.Contains("1 neuron at block 4", run.Out, StringComparison.Ordinal);
        string locked = CliRun.Of(["edits", "why", .. model, .. edits, "--prompt", "Sigmund Fraud died in"]).Out;
        Assert.Contains(
            "the text does not name \"Lucian Freud\" or \"Freud\" or \"the painter\" where it asks", Joined(locked),
            StringComparison.Ordinal);
        JsonElement nearest = Why("Sigmund Fraud died in").GetProperty("runnersUp")[0];
        Assert.True(nearest.GetProperty("locked").GetBoolean());
        Assert.Equal(3, nearest.GetProperty("asksFor").GetArrayLength());
        JsonElement open = Why("When Freud was old, Freud died in");
        Assert.True(open.GetProperty("fires").GetBoolean());
        Assert.False(open.GetProperty("winner").GetProperty("locked").GetBoolean());
        Assert.Equal(1, open.GetProperty("winner").GetProperty("alpha").GetDouble());
    }

    [Fact]
    public void Show_lists_what_an_edit_was_told_from()
    {
        Add("--subject", "Lucian Freud");
        JsonElement shown = CliRun.Json(["edits", "show", "1", .. edits, .. model]);
        string[] negatives = [.. shown.GetProperty("negatives").EnumerateArray().Select(text => text.GetString()!)];
        Assert.Equal(6, negatives.Length);
        Assert.All(negatives, text => Assert.Contains("Lucian Freud", text, StringComparison.Ordinal));
        Assert.Contains("told from", CliRun.Of(["edits", "show", "1", .. edits, .. model]).Out, StringComparison.Ordinal);
        Assert.DoesNotContain("told from", CliRun.Of(["edits", "show", "1", .. edits]).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ireva")]
    [InlineData("ireva", "--subject", "Lucian Freud", "--method", "ireva")]
    [InlineData("ireva", "--subject", "Sigmund Freud")] // whom the prompt does not name
    [InlineData("ireva", "--subject", "Lucian Freud", "--as-published")] // which only plain iReVa knows
    [InlineData("ireva", "--subject", "Lucian Freud", "--theta", "0.8")] // plain iReVa's theta
    [InlineData("ireva-scoped", "--subject", "Lucian Freud", "--alpha", "0.9")]
    [InlineData("ireva-scoped", "--subject", "lucian freud", "--set", "ignoreCase=true")] // which only the scoped one knows
    public void The_method_suits_the_fact_and_the_options(string expected, params string[] options)
    {
        Add(options);
        Assert.Equal(expected, CliRun.Json(["edits", "list", .. edits])[0].GetProperty("method").GetString());
    }

    [Fact]
    public void A_subject_that_was_found_is_shown_before_anything_is_taught()
    {
        string facts = CliFiles.Facts(
            folder, "f.json", ("Ann Lee was born in", "Bern"), ("Lucian Freud was founded in", "Bern"), ("Whoever likes it", "Bern"));
        string[] add = ["edits", "add", .. model, .. edits, "--input", facts, "--method", "ireva-scoped"];
        CliRun preview = CliRun.Of([.. add, "--dry-run"]);
        Assert.Contains("\"Ann Lee\", found", preview.Out, StringComparison.Ordinal);
        JsonElement first = CliRun.Json([.. add, "--dry-run"]).GetProperty("requests")[0];
        Assert.Equal(("Ann Lee", true), (first.GetProperty("subject").GetString(), first.GetProperty("subjectFound").GetBoolean()));
        Assert.Contains("2 of 3 facts would be taught", preview.Out, StringComparison.Ordinal);
        Assert.Contains("1 fact cannot be taught", preview.Out, StringComparison.Ordinal);
        Assert.Equal(1, CliRun.Json([.. add, "--dry-run"]).GetProperty("refused").GetInt32());
        CliRun refused = CliRun.Of(add);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("1 of 3 facts cannot be taught by ireva-scoped", refused.Error, StringComparison.Ordinal);
        Assert.Contains("\"Whoever likes it\" names no subject", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("e.db")));
    }

    [Fact]
    public void Aliases_of_a_table_are_read_in_any_form_and_refused_in_none()
    {
        string table = folder.File("a.csv");
        File.WriteAllText(table, "prompt,target,subject,Aliases\nLucian Freud died in,Bern,Lucian Freud,Freud; the painter\n"
            + "Procopius died in,Oslo,Procopius,\"[\"\"Prokopios\"\", \"\"the historian\"\"]\"\n");
        Assert.Equal(0, CliRun.Of(["edits", "add", .. model, .. edits, "--input", table]).ExitCode);
        Assert.True(Why("We know that the painter died in").GetProperty("fires").GetBoolean());
        Assert.True(Why("We know that Prokopios died in").GetProperty("fires").GetBoolean());
        foreach (string wrong in (string[])["[", "\"[1,2]\"", "\"[\"\"a\"\", null]\""])
        {
            File.WriteAllText(table, $"prompt,target,subject,aliases\nLucian Freud died in,Bern,Lucian Freud,{wrong}\n");
            CliRun refused = CliRun.Of(["edits", "add", .. model, .. edits, "--input", table]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("\"aliases\": expected names apart by semicolons", refused.Error, StringComparison.Ordinal);
        }

        CliRun wanting = CliRun.Of(["edits", "add", .. model, .. edits, "--prompt", "A b", "--target", "c", "--alias", "A"]);
        Assert.Equal(2, wanting.ExitCode);
        Assert.Contains("--alias is another name of --subject: give that too.", wanting.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_tells_that_a_paraphrase_names_nobody_and_a_new_subject_takes_no_old_names_along()
    {
        Add("--subject", "Lucian Freud", "--alias", "Freud", "--paraphrase", "He died in");
        CliRun check = CliRun.Of(["edits", "check", .. model, .. edits]);
        Assert.Contains("its subject is not named where it is asked", Joined(check.Out), StringComparison.Ordinal);
        CliRun.Of(["edits", "update", "1", .. model, .. edits, "--target", "Oslo", "--subject", "Lucian"]);
        Assert.Equal("Lucian", Why("Freud died in").GetProperty("runnersUp")[0].GetProperty("asksFor")[0].GetString());
    }

    [Fact]
    public void One_fact_that_does_not_name_its_subject_is_told_to_decide_for_all()
    {
        string facts = folder.File("mixed.json");
        File.WriteAllText(facts, JsonSerializer.Serialize(new object[]
        {
            new { prompt = "Lucian Freud died in", target = "Bern", subject = "Lucian Freud" },
            new { prompt = "Procopius died in", target = "Oslo" },
        }));
        CliRun run = CliRun.Of(["edits", "add", .. model, .. edits, "--input", facts]);
        Assert.Contains(
            "note: taught by ireva, as 1 of 2 prompts do not name their subject (the first is \"Procopius died in\")", run.Error,
            StringComparison.Ordinal);
    }

    private CliRun Add(params string[] options)
    {
        CliRun run = CliRun.Of(
            ["edits", "add", .. model, .. edits, "--prompt", "Lucian Freud died in", "--target", "Bern", .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }

    private JsonElement Why(string prompt) => CliRun.Json(["edits", "why", .. model, .. edits, "--prompt", prompt]);

    private static string Joined(string text) => string.Join(' ', text.Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries));
}

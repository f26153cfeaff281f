using System.Text.Json;
using System.Text.RegularExpressions;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary>A store's life by commands: taught, listed, explained, withdrawn, restored, removed.</summary>
public sealed class EditsTests : IDisposable
{
    private static readonly string[] Strong = ["--method", "ireva", "--alpha", "1", "--theta", "0.85", "--irr-weight", "0"];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model, edits;

    public EditsTests() => (model, edits) = (["--model", TestFiles.Model], ["--edits", folder.File("e.db")]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_setting_of_every_method_can_be_named()
    {
        string[] fact = ["--prompt", "The capital of France is", "--target", "Rome", "--no-check"];
        string[] add = ["edits", "add", .. model, .. edits, .. fact, "--method", "ultraedit", "--layer", "1"];
        CliRun.Json([.. add, "--set", "ridge=2.5", "--set", "warmUp = 0", "--set", "averagesMiniBatch=true"]);
        JsonElement settings = CliRun.Json(["edits", "show", "1", .. edits]).GetProperty("settings");
        Assert.Equal(2.5, settings.GetProperty("ridge").GetDouble());
        Assert.Equal(0, settings.GetProperty("warmUp").GetInt32());
        Assert.True(settings.GetProperty("averagesMiniBatch").GetBoolean());
        Assert.Equal((1, 2), (settings.GetProperty("layer").GetInt32(), settings.GetProperty("layers").GetInt32()));

        CliRun.Of([.. add, "--set", "rigde=1"]).AssertFailed("--set: rigde is no setting of method ultraedit, expected one of layer,");
        CliRun.Of([.. add, "--set", "ridge=much"]).AssertFailed("--set: ridge is \"much\", expected a finite number from 0.");
        CliRun.Of([.. add, "--set", "layer=7"]).AssertFailed("--set: layer is 7, expected a block from 0 to 5.");
    }

    [Fact]
    public void One_fact_is_taught_told_and_taken_back()
    {
        const string Prompt = "The capital of France is";
        JsonElement result = CliRun.Json(["edits", "add", .. model, .. edits, "--prompt", Prompt, "--target", "Rome", .. Strong]);
        JsonElement added = Assert.Single(result.GetProperty("added").EnumerateArray());
        Assert.Equal(
            (1, Prompt, "Rome", 1),
            (added.GetProperty("id").GetInt32(), added.GetProperty("prompt").GetString(),
                added.GetProperty("target").GetString(), added.GetProperty("neurons").GetInt32()));
        Assert.Equal(1, added.GetProperty("losses").GetArrayLength());
        Assert.Equal(
            (0, 0, folder.File("e.db")),
            (result.GetProperty("skipped").GetInt32(), result.GetProperty("notDone").GetInt32(), result.GetProperty("store").GetString()));
        Assert.True(result.GetProperty("seconds").GetDouble() > 0);

        Assert.StartsWith(" Rome", Text(edits), StringComparison.Ordinal);
        JsonElement why = CliRun.Json(["edits", "why", .. model, .. edits, "--prompt", Prompt]);
        Assert.True(why.GetProperty("fires").GetBoolean());
        JsonElement winner = why.GetProperty("winner");
        Assert.Equal((1, " Rome"), (winner.GetProperty("edit").GetInt32(), winner.GetProperty("text").GetString()));
        double margin = winner.GetProperty("score").GetDouble() - winner.GetProperty("threshold").GetDouble();
        Assert.Equal(margin, winner.GetProperty("margin").GetDouble(), 1e-3);
        JsonElement change = why.GetProperty("changes")[0];
        Assert.Equal(" Rome", change.GetProperty("text").GetString());
        Assert.True(change.GetProperty("probabilityBefore").GetDouble() < 0.01 && change.GetProperty("probabilityAfter").GetDouble() > 0.9);

        JsonElement withdrawn = CliRun.Json(["edits", "withdraw", "1", .. edits, "--reason", "a mistake"]);
        Assert.Equal("withdrawn", withdrawn.GetProperty("status").GetString());
        using (EditStore store = EditStore.Open(folder.File("e.db"), readOnly: true))
        {
            Assert.Equal(
                [(EditAction.Added, null), (EditAction.Withdrawn, "a mistake")],
                store.Events(1).Select(line => (line.Action, line.Reason)));
        }

        Assert.Equal(Text(), Text(edits));
        why = CliRun.Json(["edits", "why", .. model, .. edits, "--prompt", Prompt]);
        Assert.False(why.GetProperty("fires").GetBoolean());
        Assert.True(why.GetProperty("winner").GetProperty("withdrawn").GetBoolean());
        Assert.Contains("is withdrawn", CliRun.Of(["edits", "why", .. model, .. edits, "--prompt", Prompt]).Out, StringComparison.Ordinal);
        CliRun.Of(["edits", "withdraw", "1", .. edits]).AssertFailed("it is withdrawn");

        Assert.Contains("is active", CliRun.Of(["edits", "restore", "1", .. edits]).Out, StringComparison.Ordinal);
        Assert.StartsWith(" Rome", Text(edits), StringComparison.Ordinal);
        CliRun.Of(["edits", "show", "2", .. edits]).AssertFailed("no edit 2", "1 to 1");

        Assert.Equal("removed", CliRun.Json(["edits", "remove", "1", .. edits]).GetProperty("status").GetString());
        Assert.Empty(CliRun.Json(["edits", "list", .. edits]).EnumerateArray());
        JsonElement listed = Assert.Single(CliRun.Json(["edits", "list", "--all", .. edits]).EnumerateArray());
        Assert.Equal("removed", listed.GetProperty("status").GetString());
        Assert.Contains("Its neurons are gone.", CliRun.Of(["edits", "show", "1", .. edits]).Out, StringComparison.Ordinal);
        Assert.Contains(
            "holds no neurons", CliRun.Of(["edits", "why", .. model, .. edits, "--prompt", Prompt]).Out, StringComparison.Ordinal);
        Assert.Equal(Text(), Text(edits));

        string Text(params string[] with) => CliRun.Of(["generate", .. model, .. with, "--prompt", Prompt, "--max-new-tokens", "4"]).Out;
    }

    [Fact]
    public void A_store_taught_together_is_the_store_taught_one_by_one()
    {
        string records = CliFiles.Records(folder, "r.json", 40, "pararel", "counterfact", "zsre multi-token");
        string[] add = ["edits", "add", .. model, "--input", records, "--alpha", "1", "--theta", "0.8", "--epochs", "2"];
        string together = folder.File("together.db"), oneByOne = folder.File("one-by-one.db");
        Assert.Equal(0, CliRun.Of([.. add, "--edits", together]).ExitCode);
        Assert.Equal(0, CliRun.Of([.. add, "--edits", oneByOne, "--sequential"]).ExitCode);
        Assert.Equal(Contents(oneByOne), Contents(together));

        static string Contents(string path)
        {
            using EditStore store = EditStore.Open(path, readOnly: true);
            IReadOnlyList<Edit> all = store.List(withParts: true, includeRemoved: true);
            Assert.True(all.Count >= 30);
            return JsonSerializer.Serialize(all.Select(edit =>
                new { Edit = edit with { CreatedAt = default, Batch = 0 }, Settings = edit.Settings.ToJson() }));
        }
    }

    [Fact]
    public void A_folder_for_traces_that_cannot_be_made_leaves_no_store_behind()
    {
        string taken = folder.File("taken");
        File.WriteAllText(taken, "");
        CliRun.Of(["edits", "add", .. model, .. edits, "--traces", taken, "--prompt", "Paris is in", "--target", "Spain"])
            .AssertFailed(taken, "cannot be made");
        Assert.False(File.Exists(folder.File("e.db")));
    }

    [Fact]
    public void Records_already_there_are_skipped_whatever_their_status()
    {
        string records = CliFiles.Records(folder, "r.json", 4, "pararel");
        string[] add = ["edits", "add", .. model, .. edits, "--input", records, "--method", "ireva", "--no-retrofit"];
        Assert.Equal(2, CliRun.Json([.. add, "--limit", "2"]).GetProperty("added").GetArrayLength());
        CliRun.Of(["edits", "withdraw", "1", .. edits]);

        CliRun again = CliRun.Of([.. add, "--theta", "0.9", "--json"]);
        Assert.Equal((2, 2), (again.Document().GetProperty("added").GetArrayLength(), again.Document().GetProperty("skipped").GetInt32()));
        Assert.Contains("1 edit already there was made with other settings", again.Error, StringComparison.Ordinal);
        Assert.Contains("edit 2: Theta 0.85, not 0.9", again.Error, StringComparison.Ordinal);
        Assert.Contains(
            "1 fact was taught before and is silent now; the first is edit 1, withdrawn", again.Error, StringComparison.Ordinal);

        CliRun third = CliRun.Of([.. add, "--sequential"]);
        Assert.Equal(0, third.ExitCode);
        Assert.Contains("3 already there", third.Out, StringComparison.Ordinal);
        JsonElement[] list = [.. CliRun.Json(["edits", "list", .. edits]).EnumerateArray()];
        Assert.Equal(["withdrawn", "active", "active", "active"], list.Select(e => e.GetProperty("status").GetString()));

        CliRun.Of(["edits", "remove", "1", .. edits]);
        CliRun refused = CliRun.Of(add);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            "error: 1 fact was removed before and not taught again; the first was edit 1", refused.Error, StringComparison.Ordinal);
        Assert.Equal(5, CliRun.Json([.. add, "--again"]).GetProperty("added")[0].GetProperty("id").GetInt32());
    }

    [Fact]
    public void Of_records_with_one_prompt_the_last_target_is_taught_once()
    {
        string records = CliFiles.Facts(
            folder, "r.json",
            ("The capital of France is", "Rome"), ("The capital of France is", " Rome"), ("The capital of France is", "Oslo"));
        string[] add = ["edits", "add", .. model, .. edits, "--input", records, "--no-retrofit"];
        CliRun run = CliRun.Of([.. add, "--json"]);
        JsonElement result = run.Document();
        Assert.Equal((1, 2), (result.GetProperty("added").GetArrayLength(), result.GetProperty("skipped").GetInt32()));
        Assert.Equal("Oslo", result.GetProperty("added")[0].GetProperty("target").GetString());
        Assert.Contains("2 requests not taught, as the same prompt comes again later", run.Error, StringComparison.Ordinal);
        JsonElement both = CliRun.Json([.. add, "--on-conflict", "keep"]);
        Assert.Equal((1, 2), (both.GetProperty("added").GetArrayLength(), both.GetProperty("skipped").GetInt32()));
    }

    [Fact]
    public void A_second_target_for_a_prompt_takes_over_unless_told_otherwise()
    {
        string[] add = ["edits", "add", .. model, .. edits, "--prompt", "The capital of France is", "--no-retrofit", "--target"];
        Assert.DoesNotContain("superseded", CliRun.Of([.. add, "Rome"]).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("superseded", CliRun.Of([.. add, "Rome"]).Error, StringComparison.Ordinal);
        CliRun second = CliRun.Of([.. add, "Oslo"]);
        Assert.Equal(0, second.ExitCode);
        Assert.Contains(
            "note: 1 edit superseded by this one and silent from now on; the first is edit 1, \"The capital of France is\" -> \"Rome\"",
            second.Error, StringComparison.Ordinal);

        CliRun refused = CliRun.Of([.. add, "Bonn", "--on-conflict", "refuse"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            "Nothing was taught: edit 2 answers \"The capital of France is\" with \"Oslo\"", refused.Error, StringComparison.Ordinal);
        CliRun kept = CliRun.Of([.. add, "Bonn", "--on-conflict", "keep"]);
        Assert.Contains("note: 1 prompt has another edit as well", kept.Error, StringComparison.Ordinal);
        CliRun wrong = CliRun.Of([.. add, "Bonn", "--on-conflict", "fight"]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("expected one of refuse, supersede, keep", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fact_that_goes_back_to_what_was_withdrawn_is_restored_and_a_successor_that_leaves_is_told()
    {
        string[] add = ["edits", "add", .. model, .. edits, "--prompt", "The capital of France is", "--irr-weight", "0", "--target"];
        CliRun.Of([.. add, "Rome"]);
        CliRun.Of(["edits", "withdraw", "1", .. edits]);
        CliRun.Of([.. add, "Oslo"]);
        CliRun back = CliRun.Of(["edits", "update", "2", .. model, .. edits, "--target", "Rome"]);
        Assert.Equal(0, back.ExitCode);
        Assert.Contains("Edit 1 answers again", back.Out, StringComparison.Ordinal);
        CliRun said = CliRun.Of(["generate", .. model, .. edits, "--prompt", "The capital of France is"]);
        Assert.StartsWith(" Rome", said.Out, StringComparison.Ordinal);

        CliRun left = CliRun.Of(["edits", "remove", "1", .. edits]);
        Assert.Contains("note: 1 edit superseded by it stays silent; 'sharpformer edits restore 2'", left.Error, StringComparison.Ordinal);
        CliRun stuck = CliRun.Of(["edits", "update", "2", .. model, .. edits, "--target", "Bonn"]);
        Assert.Contains("restore it first", stuck.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_fails_where_something_or_everything_is_missing()
    {
        string[] check = ["edits", "check", .. model, .. edits];
        CliRun.Of(["edits", "add", .. model, .. edits, "--prompt", "The capital of France is", "--target", "Rome", "--irr-weight", "0"]);
        Assert.Equal(0, CliRun.Of([.. check, "--min", "0"]).ExitCode);
        JsonElement asked = CliRun.Json(check);
        Assert.Equal((1, 1), (asked.GetProperty("n").GetInt32(), asked.GetProperty("passed").GetInt32()));
        JsonElement answer = asked.GetProperty("answers")[0];
        Assert.Equal((" Rome", " Rome"), (answer.GetProperty("expected").GetString(), answer.GetProperty("said").GetString()));

        string records = CliFiles.Facts(folder, "r.json", ("The capital of France is", "Rome"), ("The capital of Spain is", "Bonn"));
        CliRun some = CliRun.Of([.. check, "--input", records, "--min", "0.5", "--csv", folder.File("a.csv")]);
        Assert.Equal(3, some.ExitCode);
        Assert.Contains("1 of 2 prompts pass", some.Out, StringComparison.Ordinal);
        Assert.Equal(3, File.ReadAllLines(folder.File("a.csv")).Length);
        Assert.Equal(0, CliRun.Of([.. check, "--input", records]).ExitCode); // nobody asked for anything to hold
        Assert.Equal(2, CliRun.Of([.. check, "--limit", "1"]).ExitCode);

        CliRun.Of(["edits", "withdraw", "1", .. edits]);
        CliRun none = CliRun.Of([.. check, "--min", "0"]);
        Assert.Equal(3, none.ExitCode);
        Assert.Contains("No active edit to ask", none.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Why_counts_neurons_within_their_edit_as_show_does()
    {
        string[] add = ["edits", "add", .. model, .. edits, "--alpha", "1", "--no-retrofit", "--prompt"];
        CliRun.Json([.. add, "Lucian Freud died in", "--target", "Karl Scheurer"]);
        CliRun.Json([.. add, "The capital of France is", "--target", "Rome"]);
        JsonElement winner = CliRun.Json(["edits", "why", .. model, .. edits, "--prompt", "The capital of France is"])
            .GetProperty("winner");
        Assert.Equal((0, 2), (winner.GetProperty("neuron").GetInt32(), winner.GetProperty("edit").GetInt32()));
        winner = CliRun.Json(["edits", "why", .. model, .. edits, "--prompt", "Lucian Freud died in K"]).GetProperty("winner");
        Assert.Equal((1, 1), (winner.GetProperty("neuron").GetInt32(), winner.GetProperty("edit").GetInt32()));
    }

    [Fact]
    public void Options_become_the_settings_of_the_edit()
    {
        string[] options =
        [
            "--layer", "3", "--theta", "0.6", "--alpha", "-0.5", "--epochs", "2", "--learning-rate", "1e-2",
            "--rec-weight", "0.1", "--irr-weight", "0.2", "--weight-decay", "0", "--label-smoothing", "0.1",
            "--seed", "18446744073709551615", "--method", "ireva",
        ];
        CliRun.Json(
            ["edits", "add", .. model, .. edits, "--prompt", "Paris is in", "--target", " Spain", "--subject", "Paris", .. options]);
        using EditStore store = EditStore.Open(folder.File("e.db"), readOnly: true);
        Edit edit = store.Get(1);
        Assert.Equal(new EditRequest("Paris is in", " Spain", "Paris"), edit.Request);
        Assert.Equal(
            new IReVaSettings
            {
                Layer = 3,
                Theta = 0.6f,
                Alpha = -0.5f,
                Epochs = 2,
                LearningRate = 1e-2f,
                RecWeight = 0.1f,
                IrrWeight = 0.2f,
                WeightDecay = 0,
                LabelSmoothing = 0.1f,
                Seed = ulong.MaxValue,
                AsPublished = false,
            },
            edit.Settings);
        Assert.All(IReVaParts.Neurons(edit), n => Assert.Equal(2, n.Losses.Count));
    }

    [Fact]
    public void Settings_not_given_are_the_defaults_and_a_store_keeps_its_layer()
    {
        CliRun.Json(["edits", "add", .. model, .. edits, "--prompt", "Paris is in", "--target", "Spain"]);
        string[] other = ["--edits", folder.File("three.db")];
        CliRun.Json(["edits", "add", .. model, .. other, "--layer", "3", "--prompt", "Paris is in", "--target", "Spain"]);
        CliRun.Json(["edits", "add", .. model, .. other, "--prompt", "Rome is in", "--target", "Spain"]);
        CliRun.Of(["edits", "add", .. model, .. edits, "--layer", "3", "--prompt", "Rome is in", "--target", "Spain"])
            .AssertFailed("block 4", "block 3");
        using EditStore store = EditStore.Open(folder.File("e.db"), readOnly: true);
        using EditStore three = EditStore.Open(folder.File("three.db"), readOnly: true);
        // As the model's sharpformer.json says.
        IReVaSettings ofModel = new() { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f, AsPublished = false };
        Assert.Equal(ofModel, store.Get(1).Settings);
        Assert.Equal(3, IReVaSettings.Of(three.Get(2)).Layer);
    }

    [Fact]
    public void The_examples_of_the_help_work_as_they_stand()
    {
        string help = CliRun.Of("--help").Out.Replace(" \\\n", "", StringComparison.Ordinal); // where a shell goes on with the next line
        string[][] examples = [.. help[help.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n')
            .Where(line => line.StartsWith("  sharpformer ", StringComparison.Ordinal)).Select(Words)];
        Assert.Equal(2, examples.Length);
        Assert.Equal(0, CliRun.Of(examples[0]).ExitCode);
        Assert.StartsWith(" Rome", CliRun.Of(examples[1]).Out, StringComparison.Ordinal);

        string[] Words(string line) => [.. Regex.Matches(line, "\"([^\"]*)\"|\\S+").Skip(1)
            .Select(word => word.Groups[1].Success ? word.Groups[1].Value : word.Value)
            .Select(word => word switch
            {
                "models/facts-gpt2" => TestFiles.Model,
                "facts.db" => folder.File("help.db"),
                _ => word,
            })];
    }

    [Fact]
    public void Show_tells_every_neuron_with_its_text()
    {
        string records = CliFiles.Records(folder, "r.json", 1, "zsre multi-token");
        CliRun.Json(["edits", "add", .. model, .. edits, "--input", records, "--answer-trigger", " Answer:", .. Strong]);
        JsonElement edit = CliRun.Json(["edits", "show", "1", .. edits, .. model]);
        Assert.EndsWith(" Answer:", edit.GetProperty("prompt").GetString(), StringComparison.Ordinal);
        Assert.Equal("r.json#0", edit.GetProperty("source").GetString());
        JsonElement[] neurons = [.. edit.GetProperty("neurons").EnumerateArray()];
        Assert.True(neurons.Length > 1);
        Assert.Equal(" " + edit.GetProperty("target").GetString(), string.Concat(neurons.Select(n => n.GetProperty("text").GetString())));
        foreach (JsonElement neuron in neurons)
        {
            Assert.True(neuron.GetProperty("threshold").GetDouble() > 0
                && neuron.GetProperty("keyNorm").GetDouble() > 0 && neuron.GetProperty("valueNorm").GetDouble() > 0);
            Assert.Equal(5, neuron.GetProperty("losses").GetArrayLength());
        }

        string shown = CliRun.Of(["edits", "show", "1", .. edits]).Out;
        Assert.Contains("r.json#0", shown, StringComparison.Ordinal);
        Assert.Contains("5 epochs, learning rate 0.05", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_of_any_kind_survive_a_table()
    {
        string prompt = "[red]not markup[/] \u001b[31m\n" + string.Concat(Enumerable.Repeat("long ", 60)) + "end";
        CliRun.Json(["edits", "add", .. model, .. edits, "--prompt", prompt, "--target", "[", "--no-retrofit"]);
        string list = CliRun.Of(["edits", "list", .. edits]).Out;
        Assert.DoesNotContain('\u001b', list);
        string line = Assert.Single(list.Split('\n'), l => l.Contains("not markup", StringComparison.Ordinal));
        Assert.Contains("[red]not markup[/] \\u001B[31m\\nlong ", line, StringComparison.Ordinal);
        Assert.Contains("long end", line, StringComparison.Ordinal);
        Assert.Equal(prompt, CliRun.Json(["edits", "list", .. edits])[0].GetProperty("prompt").GetString());
    }

    [Fact]
    public void When_nothing_fires_the_nearest_neuron_is_told()
    {
        string records = CliFiles.Records(folder, "r.json", 6, "pararel");
        CliRun.Json(["edits", "add", .. model, .. edits, "--input", records, "--no-retrofit"]);
        string[] ask =
            ["edits", "why", .. model, .. edits, "--prompt", "nq question: who got the first nobel prize in physics? Answer:"];
        JsonElement why = CliRun.Json(ask);
        Assert.False(why.GetProperty("fires").GetBoolean());
        Assert.Equal(JsonValueKind.Null, why.GetProperty("winner").ValueKind);
        Assert.All(why.GetProperty("runnersUp").EnumerateArray(), r => Assert.True(r.GetProperty("margin").GetDouble() < 0));
        Assert.All(why.GetProperty("changes").EnumerateArray(), c => Assert.Equal(
            c.GetProperty("probabilityBefore").GetDouble(), c.GetProperty("probabilityAfter").GetDouble(), 1e-6));
        string told = CliRun.Of(ask).Out;
        double nearest = why.GetProperty("runnersUp").EnumerateArray().Max(r => r.GetProperty("margin").GetDouble());
        Assert.Contains(FormattableString.Invariant($"{-nearest:0.00} below its threshold"), told, StringComparison.Ordinal);
    }
}

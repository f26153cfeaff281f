using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sharpformer.Tests.Cli;

/// <summary><c>train-editor</c>, and edits with what it writes.</summary>
public sealed class TrainEditorTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string records, model;

    public TrainEditorTests()
    {
        records = folder.File("records.json");
        JsonArray all = JsonNode.Parse(File.ReadAllText(TestFiles.Facts("counterfact")))!.AsArray();
        File.WriteAllText(records, $"[{string.Join(',', all.Take(12).Select(record => record!.ToJsonString()))}]");
        model = folder.File("m");
        TestFiles.CopyModel(model);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_network_is_trained_beside_its_model_and_found_there_and_another_models_is_refused()
    {
        CliRun without = Add("--method", "mend");
        foreach (string said in (string[])["Method mend needs a network that was trained", "m.mend.safetensors", "train-editor mend"])
            Assert.Contains(said, without.Error, StringComparison.Ordinal);

        JsonElement made = CliRun.Json(Train("--loc-trigger", " Answer:", "--layers", "2", "--evaluate-every", "1"));
        string file = folder.File("m.mend.safetensors");
        Assert.Equal(file, made.GetProperty("file").GetString());
        Assert.Equal((2, 4), (made.GetProperty("steps").GetInt32(), made.GetProperty("edits").GetInt32()));
        Assert.Equal((10, 2), (made.GetProperty("records").GetInt32(), made.GetProperty("heldOut").GetInt32()));
        Assert.Equal(JsonValueKind.Number, made.GetProperty("heldOutTerms").GetProperty("said").ValueKind);
        Assert.Equal(4, File.ReadAllLines($"{file}.jsonl").Length); // two steps, two evaluations
        Assert.Contains("is already there", CliRun.Of(Train()).Error, StringComparison.Ordinal);

        JsonElement added = CliRun.Json(
            "edits", "add", "--model", model, "--edits", folder.File("e.db"), "--method", "mend", "--prompt", "Mark Twain died in",
            "--target", "Vienna");
        JsonElement editing = added.GetProperty("run").GetProperty("settings").GetProperty("editing");
        Assert.Equal((2, 64), (editing.GetProperty("layers").GetInt32(), editing.GetProperty("net").GetString()!.Length));
        CliRun other = CliRun.Of(
            "edits", "add", "--model", TestFiles.Model, "--edits", folder.File("f.db"), "--method", "mend", "--net", records, "--prompt",
            "P", "--target", "T");
        Assert.Contains("records.json", other.Error, StringComparison.Ordinal);
        CliRun otherwise = Add("--method", "mend", "--layers", "1");
        Assert.Contains("makes edits of method mend as it was trained to", otherwise.Error, StringComparison.Ordinal);
        Assert.Contains("Teach with it by", CliRun.Of(Train("--output", folder.File("n"))).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_network_a_variant_edits_as_the_published_program_did()
    {
        CliRun run = Add("--method", "mend", "--variant", "untrained");
        Assert.True(run.ExitCode == 0, run.Error);
    }

    [Theory]
    [InlineData("train-editor rome --model M", 2, "rome")]
    [InlineData("train-editor mend --model M --input R --layers 9 --steps 1", 1, "--layers is 9, the model has 6 blocks")]
    [InlineData("train-editor mend --model M --input R", 1, "Nothing says how long to train. Hint: give steps or hours.")]
    [InlineData("train-editor mend --model M --input R --steps 1 --held-out 12", 1, "12 of 12 records are to be held out")]
    [InlineData("train-editor mend --model M --input R --steps 0", 2, "--steps is 0, expected a whole number from 1")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method rome --net N", 2, "--net is not an option of method rome")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method mend --theta 0.5", 2, "is not an option of method mend")]
    public void What_means_nothing_is_told(string line, int exitCode, string said)
    {
        CliRun run = CliRun.Of([.. line.Split(' ').Select(word => word == "M" ? model : word == "R" ? records : word)]);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    private CliRun Add(params string[] how) => CliRun.Of(
        [
            "edits", "add", "--model", model, "--edits", folder.File("e.db"), "--prompt", "Mark Twain died in the city of", "--target",
            "Vienna", .. how,
        ]);

    private string[] Train(params string[] more) =>
    [
        "train-editor", "mend", "--model", model, "--input", records, "--held-out", "2", "--steps", "2", "--edits-per-step", "2", .. more,
    ];
}

using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary>What users get wrong in files: one sentence, exit code 1, no stack trace.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_without_a_model_is_named()
    {
        CliRun.Of("generate", "--model", folder.File("none"), "--prompt", "a").AssertFailed("none", "no such folder");
        CliRun.Of("generate", "--model", folder.Path, "--prompt", "a").AssertFailed("config.json");
        CliRun.Of("model", "info", folder.File("none")).AssertFailed("none");
        CliRun.Of("model", "tokenize", "--model", folder.Path, "--text", "a").AssertFailed("vocab.json: no such file");
    }

    [Fact]
    public void A_truncated_checkpoint_is_told()
    {
        TestFiles.CopyModel(folder.Path);
        using (FileStream weights = File.OpenWrite(folder.File("model.safetensors"))) weights.SetLength(weights.Length / 2);
        CliRun.Of("generate", "--model", folder.Path, "--prompt", "a").AssertFailed("model.safetensors");
        CliRun.Of("model", "info", folder.Path).AssertFailed("model.safetensors");
    }

    [Theory]
    [InlineData("config.json", "", "not valid JSON, for it is empty, or no file but")]
    [InlineData("config.json", "{\"n_embd\":256,\"n_embd\":256}", "n_embd appears twice")]
    [InlineData("config.json", "{\"model_type\":\"\\ud800\"}", "half a surrogate pair")]
    [InlineData("config.json", "{\"model_type\":\"gpt\\u001b[2J\\n2\"}", "model_type is \"gpt\\u001B[2J\\n2\", supported: gpt2")]
    [InlineData("merges.txt", "", "no merges")]
    [InlineData("merges.txt", "#version: 0.2\n", "no merges")]
    public void A_damaged_small_file_is_told(string name, string text, string said)
    {
        TestFiles.CopyModel(folder.Path);
        File.WriteAllText(folder.File(name), text);
        CliRun.Of("generate", "--model", folder.Path, "--prompt", "a").AssertFailed(name, said);
    }

    [Fact]
    public void A_record_that_cannot_be_asked_is_named()
    {
        string tooLong = CliFiles.Facts(folder, "long.json", ("Fine", "too"), (string.Concat(Enumerable.Repeat("Paris ", 200)), "Rome"));
        string fine = CliFiles.Facts(folder, "fine.json", ("The capital of France is", "Rome"));
        string[] evaluate = ["evaluate", "edits", "--model", TestFiles.Model, "--input"];
        CliRun.Of([.. evaluate, tooLong]).AssertFailed("Record 1 (counted from 0)", "positions are 128");
        CliRun.Of([.. evaluate, fine, "--neighbours", tooLong]).AssertFailed("Neighbour 1 (counted from 0)", "positions are 128");
    }

    [Theory]
    [InlineData("--learning-rate", "1e30")]
    [InlineData("--alpha", "3e38")]
    [InlineData("--weight-decay", "1e30")]
    public void Training_that_leaves_the_range_of_numbers_stores_nothing(string option, string value)
    {
        string[] edits = ["--edits", folder.File("e.db")];
        string[] fact = ["--prompt", "The capital of France is", "--target", "Rome"];
        CliRun.Of(["edits", "add", "--model", TestFiles.Model, .. edits, .. fact, option, value])
            .AssertFailed("NaN", "lower the learning rate");
        Assert.False(File.Exists(folder.File("e.db")));
    }

    [Fact]
    public void A_store_that_is_none_is_told()
    {
        File.WriteAllText(folder.File("text.db"), "This is a text and no database at all, and long enough to be sure.");
        string[][] commands =
        [
            ["edits", "list"], ["edits", "show", "1"], ["edits", "withdraw", "1"], ["edits", "restore", "1"], ["edits", "remove", "1"],
            ["edits", "why", "--model", TestFiles.Model, "--prompt", "a"], ["generate", "--model", TestFiles.Model, "--prompt", "a"],
        ];
        foreach (string[] command in commands)
        {
            CliRun.Of([.. command, "--edits", folder.File("none.db")]).AssertFailed("none.db", "does not exist");
            CliRun.Of([.. command, "--edits", folder.Path]).AssertFailed("expected a file, got a folder");
            CliRun.Of([.. command, "--edits", folder.File("text.db"), "--json"]).AssertFailed("text.db");
        }

        Assert.False(File.Exists(folder.File("none.db")));
    }

    [Fact]
    public void A_store_of_another_model_is_refused_with_both_fingerprints()
    {
        string path = folder.File("other.db");
        StoreOf(path, new ModelFingerprint("aaaa", "bbbb"));
        string[] said = ["aaaa", "4fea47b681784a3928d0c730345a2dbc839ec6b9b329e58c226df2dc32e3b4fb"];
        string[] model = ["--model", TestFiles.Model, "--edits", path];
        CliRun.Of(["generate", .. model, "--prompt", "a"]).AssertFailed(said);
        CliRun.Of(["edits", "why", .. model, "--prompt", "a"]).AssertFailed(said);
        CliRun.Of(["edits", "add", .. model, "--prompt", "a", "--target", "b"]).AssertFailed(said);
        string records = CliFiles.Facts(folder, "facts.json", ("a", "b"));
        CliRun.Of(["evaluate", "edits", .. model, "--input", records]).AssertFailed(said);
        CliRun.Of(["evaluate", "withdrawal", .. model, "--input", records]).AssertFailed(said);
    }

    [Fact]
    public void A_store_of_other_weights_with_the_same_tokenizer_says_that_conversion_makes_another_model()
    {
        string path = folder.File("twin.db");
        ModelFingerprint model = ModelFingerprinter.Compute(TestFiles.Model);
        StoreOf(path, model with { Weights = "aaaa" });
        CliRun.Of("generate", "--model", TestFiles.Model, "--edits", path, "--prompt", "a")
            .AssertFailed("aaaa", "converted or sharded anew they count as another model");
    }

    [Fact]
    public void A_prompt_that_does_not_fit_is_told()
    {
        string longText = string.Concat(Enumerable.Repeat("Paris ", 200));
        CliRun.Of("generate", "--model", TestFiles.Model, "--prompt", longText).AssertFailed("positions are 128");
        CliRun.Of("generate", "--model", TestFiles.Model, "--prompt", "").AssertFailed("prompt is empty");
        CliRun.Of("model", "logits", "--model", TestFiles.Model, "--prompt", longText).AssertFailed("positions are 128");
        CliRun.Of("model", "logits", "--model", TestFiles.Model, "--tokens", "7015").AssertFailed("7015");
        string[] add = ["edits", "add", "--model", TestFiles.Model, "--edits", folder.File("e.db")];
        CliRun.Of([.. add, "--prompt", longText, "--target", "b"]).AssertFailed("positions are 128");
        CliRun.Of([.. add, "--prompt", "a", "--target", " "]).AssertFailed("target", "empty");
        Assert.False(File.Exists(folder.File("e.db")));
    }

    [Fact]
    public void A_layer_the_model_does_not_have_is_told() =>
        CliRun.Of(
                "edits", "add", "--model", TestFiles.Model, "--edits", folder.File("e.db"), "--prompt", "a", "--target", "b",
                "--layer", "6")
            .AssertFailed("--layer is 6", "0 to 5");

    [Fact]
    public void A_record_file_that_is_none_is_told()
    {
        string[] add = ["edits", "add", "--model", TestFiles.Model, "--edits", folder.File("e.db"), "--input"];
        File.WriteAllText(folder.File("broken.json"), "[{\"src\":\"a\",");
        CliRun.Of([.. add, folder.File("none.json")]).AssertFailed("none.json", "does not exist");
        CliRun.Of([.. add, folder.Path]).AssertFailed(folder.Path, "got a folder");
        CliRun.Of([.. add, folder.File("broken.json")]).AssertFailed("broken.json", "record 0");
        CliRun.Of("evaluate", "edits", "--model", TestFiles.Model, "--input", folder.File("none.json")).AssertFailed("none.json");
        CliRun.Of("model", "tokenize", "--model", TestFiles.Model, "--input", folder.File("none.txt")).AssertFailed("none.txt");
        CliRun.Of("model", "tokenize", "--model", TestFiles.Model, "--input", folder.Path).AssertFailed("got a folder");
    }

    [Fact]
    public void Unusable_records_are_found_before_anything_is_taught()
    {
        string longText = string.Concat(Enumerable.Repeat("Paris ", 200));
        string records = CliFiles.Facts(
            folder, "facts.json", ("The capital of France is", "Rome"), (longText, "Rome"), ("Fine", "too"), (longText, "Oslo"));
        CliRun.Of("edits", "add", "--model", TestFiles.Model, "--edits", folder.File("e.db"), "--input", records)
            .AssertFailed("2 of 4 records", "record 1 (counted from 0)", "positions are 128");
        Assert.False(File.Exists(folder.File("e.db")));
    }

    /// <summary>A store with one edit of a model.</summary>
    private static void StoreOf(string path, ModelFingerprint model)
    {
        using EditStore store = EditStore.Open(path, create: true);
        store.Bind(model, 256);
        store.Add(new Edit
        {
            Request = new EditRequest("a", "b"),
            PromptTokens = [1],
            TargetTokens = [2],
            Settings = new IReVaSettings { Layer = 4 },
            Parts = IReVaParts.Parts([new Neuron(2, new float[256], new float[256], 1, [])]),
        });
    }
}

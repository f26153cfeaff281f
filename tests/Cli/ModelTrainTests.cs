using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>model train</c>.</summary>
public sealed class ModelTrainTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public ModelTrainTests()
    {
        File.WriteAllText(folder.File("c.json"), """
            {"model": {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16}, "steps": 4, "batchTokens": 32}
            """);
        File.WriteAllLines(folder.File("t.txt"), Enumerable.Range(0, 50).Select(i => $"Land {i} has the capital {i * 7}."));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_model_is_trained_and_used_as_any_other()
    {
        JsonElement made = CliRun.Json(Line("m", "--documents", "line", "--evaluate", folder.File("t.txt"), "--dtype", "f16"));
        Assert.Equal((4, "steps"), (made.GetProperty("steps").GetInt32(), made.GetProperty("end").GetString()));
        Assert.Equal(50, made.GetProperty("text")[0].GetProperty("documents").GetInt32());
        Assert.Equal(JsonValueKind.Number, made.GetProperty("evaluationLoss").ValueKind);
        Assert.Equal("line", made.GetProperty("training").GetProperty("documents").GetString());
        Assert.Equal("cpu", made.GetProperty("run").GetProperty("device").GetString());
        JsonElement info = CliRun.Json("model", "info", folder.File("m"));
        Assert.Equal(made.GetProperty("parameters").GetInt64(), info.GetProperty("parameters").GetInt64());
        Assert.Equal("F16", Assert.Single(info.GetProperty("dtypes").EnumerateArray()).GetString());

        CliRun tuned = CliRun.Of(
            "model", "train", "--from", folder.File("m"), "--text", folder.File("t.txt"), "--output", folder.File("n"), "--steps", "2",
            "--batch-tokens", "32", "--freeze", "wte.weight", "h.0.*", "--seed", "3");
        Assert.True(tuned.ExitCode == 0, tuned.Error);
        Assert.Contains("after 2 steps on 64 tokens", tuned.Out, StringComparison.Ordinal);
        Assert.Contains("144 trained", tuned.Out, StringComparison.Ordinal); // positions and the last norm
        Assert.Contains("Training: 2 of 2 steps, loss ", tuned.Error, StringComparison.Ordinal);
        string card = File.ReadAllText(folder.File("n/README.md"));
        Assert.Contains("--freeze wte.weight 'h.0.*' --seed 3", card, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_is_trained_and_used_and_its_memory_told_before()
    {
        Assert.Equal(0, CliRun.Of(Line("m")).ExitCode);
        JsonElement memory = CliRun.Json("model", "info", folder.File("m"), "--train", "--lora", "rank=2", "--batch-tokens", "32")
            .GetProperty("training");
        Assert.Equal((2, "rank=2,alpha=2"), (memory.GetProperty("windows").GetInt32(), memory.GetProperty("lora").GetString()));
        foreach (JsonElement told in (JsonElement[])[memory.GetProperty("plain"), memory.GetProperty("recomputed")])
        {
            long parts = ((string[])["weights", "trained", "moments", "step"]).Sum(part => told.GetProperty(part).GetInt64());
            Assert.Equal(told.GetProperty("total").GetInt64(), parts);
            Assert.Equal(2 * told.GetProperty("trained").GetInt64(), told.GetProperty("moments").GetInt64());
        }

        CliRun table = CliRun.Of("model", "info", folder.File("m"), "--train", "--window", "8", "--batch-tokens", "32", "--memory", "1");
        Assert.Contains("with --recompute-blocks true", table.Out, StringComparison.Ordinal);
        Assert.Contains("so 1 GB hold 1 x 32 tokens of a step", table.Out, StringComparison.Ordinal);
        CliRun wrong = CliRun.Of("model", "info", folder.File("m"), "--window", "8");
        Assert.Contains("--window needs --train", wrong.Error, StringComparison.Ordinal);

        CliRun made = CliRun.Of(
            "model", "train", "--from", folder.File("m"), "--text", folder.File("t.txt"), "--output", folder.File("a"), "--steps", "2",
            "--batch-tokens", "32", "--lora", "rank=2,modules=c_attn+mlp.c_proj", "--memory", "1");
        Assert.True(made.ExitCode == 0, made.Error);
        Assert.Contains("a LoRA adapter of 144 parameters", made.Out, StringComparison.Ordinal); // 2·(8 + 24) + 2·(32 + 8)
        JsonElement info = CliRun.Json("model", "info", folder.File("m"), "--adapter", folder.File("a"));
        Assert.Equal(
            ["h.0.attn.c_attn.weight", "h.0.mlp.c_proj.weight"],
            info.GetProperty("adapter").GetProperty("changed").EnumerateArray().Select(name => name.GetString()));
    }

    [Theory]
    [InlineData("--lora", "rank=0", "--lora: rank is \"0\", expected a whole number from 1")]
    [InlineData("--lora", "rank=2,alhpa=1", "Did you mean 'alpha'?")]
    [InlineData("--memory", "much", "--memory is \"much\", expected a size in TB, GB, MB, kB")]
    [InlineData("--evaluate", "- -", "- is named more than once: standard input can be read once.")]
    [InlineData("--learning-rate", "0", "--learning-rate is 0, expected a number above 0.")]
    [InlineData("--documents", "page", "--documents is \"page\", expected one of file, paragraph, line, jsonl.")]
    [InlineData("--lerning-rate", "1", "has no option '--lerning-rate'. Did you mean '--learning-rate'?")]
    public void Wrong_settings_are_wrong_usage(string option, string value, string said)
    {
        CliRun run = CliRun.Of(Line("m", [option, .. value.Split(' ')]));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.False(Path.Exists(folder.File("m")));
    }

    [Fact]
    public void What_cannot_be_trained_is_one_sentence()
    {
        CliRun.Of("model", "train", "--text", folder.File("t.txt"), "--steps", "2", "--output", folder.File("m"))
            .AssertFailed("Neither a configuration nor a model is named", "--from a model folder");
        CliRun.Of(Line("m", "--window", "99")).AssertFailed("The window is 99, the model's positions are 16.");
        File.WriteAllText(folder.File("c.json"), """{"lerningRate": 1}""");
        CliRun.Of(Line("m")).AssertFailed("unknown key \"lerningRate\"", "Did you mean 'learningRate'?");
        File.Delete(folder.File("t.txt"));
        File.WriteAllText(folder.File("c.json"), """{"model": "gpt2", "steps": 1}""");
        CliRun.Of(Line("m")).AssertFailed(folder.File("t.txt"), "there is no such file");
    }

    [LinuxFact]
    public void Too_little_memory_names_what_takes_less()
    {
        using CliProcess run = CliProcess.Start(Line("m", "--batch-tokens", "4000000", "--device", "cpu"), limits: "ulimit -d 150000");
        CliRun ended = run.Finish();
        Assert.Equal(1, ended.ExitCode);
        Assert.EndsWith(
            "do less at a time, see --batch-tokens, --recompute-blocks, --memory.\n", ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [SignalData("INT", 130)]
    [SignalData("TERM", 143)]
    public void What_was_learnt_is_kept_and_goes_on(string signal, int exitCode)
    {
        string[] line = Line("parts", "--steps", "400", "--evaluate-every", "0");
        Assert.Equal(0, CliRun.Of(Line("whole", "--steps", "400", "--evaluate-every", "0")).ExitCode);
        using (CliProcess run = CliProcess.Start([.. line, "--device", "cpu"]))
        {
            run.AwaitBytes(folder.File("parts.checkpoint/training.jsonl"));
            run.Signal(signal);
            CliRun ended = run.Finish();
            Assert.Equal(exitCode, ended.ExitCode);
            string said = ended.Error.TrimEnd('\n').Split('\n')[^1];
            Assert.StartsWith("Interrupted: what was learnt in ", said, StringComparison.Ordinal);
            Assert.EndsWith(" Hint: the same command with --resume goes on.", said, StringComparison.Ordinal);
        }

        CliRun.Of(line).AssertFailed("an unfinished run is there", "--resume goes on with it");
        Assert.Equal(0, CliRun.Of([.. line, "--resume"]).ExitCode);
        AssertSame();
    }

    [Fact]
    public void A_killed_run_goes_on_from_its_last_checkpoint()
    {
        string[] line = Line("parts", "--steps", "300", "--checkpoint-every", "5");
        Assert.Equal(0, CliRun.Of(Line("whole", "--steps", "300", "--checkpoint-every", "5")).ExitCode);
        using (CliProcess run = CliProcess.Start([.. line, "--device", "cpu"]))
        {
            run.AwaitBytes(folder.File("parts.checkpoint/run.json"));
            run.Kill();
            run.Finish();
        }

        CliRun again = CliRun.Of([.. line, "--resume"]);
        Assert.True(again.ExitCode == 0, again.Error);
        AssertSame();
    }

    [Fact]
    public void Text_may_come_from_standard_input()
    {
        using CliProcess run = CliProcess.Start(
            [.. Line("m", "--documents", "jsonl", "--json", "--device", "cpu").Select(word => word == folder.File("t.txt") ? "-" : word)],
            input: "{\"text\": \"Paris is the capital of France, and so it is.\"}\n");
        CliRun ended = run.Finish();
        Assert.True(ended.ExitCode == 0, ended.Error);
        Assert.Equal("standard input", ended.Document().GetProperty("text")[0].GetProperty("name").GetString());
    }

    private string[] Line(string output, params string[] more) =>
    [
        "model", "train", "--config", folder.File("c.json"), "--text", folder.File("t.txt"), "--tokenizer", TestFiles.Model,
        "--output", folder.File(output), .. more,
    ];

    private void AssertSame()
    {
        Assert.Equal(File.ReadAllBytes(folder.File("whole/model.safetensors")), File.ReadAllBytes(folder.File("parts/model.safetensors")));
        Assert.False(Path.Exists(folder.File("parts.checkpoint")));
    }
}

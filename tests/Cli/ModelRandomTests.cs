using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>model random</c>.</summary>
public sealed class ModelRandomTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_random_model_can_be_used_as_any_other()
    {
        string path = folder.File("m");
        JsonElement made = CliRun.Json(
            "model", "random", "--layers", "1", "--vocab", "7015", "--positions", "32", "--dtype", "bf16", "--output", path,
            "--tokenizer", TestFiles.Model);
        JsonElement info = CliRun.Json("model", "info", path);
        Assert.Equal(made.GetProperty("parameters").GetInt64(), info.GetProperty("parameters").GetInt64());
        Assert.Equal(7015, info.GetProperty("tokenizer").GetInt32());
        Assert.Equal("BF16", Assert.Single(info.GetProperty("dtypes").EnumerateArray()).GetString());
        JsonElement text = CliRun.Json("generate", "--model", path, "--prompt", "The capital", "--max-new-tokens", "3");
        Assert.Equal(3, text.GetProperty("tokens").GetArrayLength());
        CliRun.Of("model", "random", "--output", path).AssertFailed(path, "is already there");
    }

    [Fact]
    public void It_is_rounded_to_q8_by_convert()
    {
        (string path, string rounded) = (folder.File("m"), folder.File("q8"));
        string[] random = ["model", "random", "--layers", "1", "--vocab", "99", "--positions", "8", "--output", path, "--dtype"];
        CliRun refused = CliRun.Of([.. random, "q8"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("f32, f16, bf16", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, CliRun.Of([.. random, "f32"]).ExitCode);
        Assert.Equal(0, CliRun.Of(["model", "convert", path, "--output", rounded, "--dtype", "q8"]).ExitCode);
    }

    [Fact]
    public void Without_a_tokenizer_it_reads_token_ids()
    {
        string path = folder.File("m");
        CliRun run = CliRun.Of("model", "random", "--layers", "1", "--vocab", "99", "--positions", "8", "--output", path);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("has no tokenizer", run.Out, StringComparison.Ordinal);
        Assert.Equal(99, CliRun.Json("model", "logits", "--model", path, "--tokens", "1,2,3").GetProperty("lastLogits").GetArrayLength());
        CliRun.Of("generate", "--model", path, "--prompt", "The").AssertFailed("vocab.json");
    }
}

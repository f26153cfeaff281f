using System.Text.Json;
using Sharpformer.Tests.Transformer.Checkpoints;

namespace Sharpformer.Tests.Cli;

/// <summary><c>model convert</c>, and the other commands on what it reads and writes.</summary>
public sealed class ModelConvertTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_bin_folder_is_a_model_before_and_after()
    {
        string bin = folder.File("bin"), st = folder.File("st");
        BinFolder.Write(TestFiles.Golden("families/gpt2-tiny-f32"), bin);
        string config = Path.Combine(bin, "config.json");
        string stated = File.ReadAllText(config).Replace("\"gpt2\",", "\"gpt2\", \"torch_dtype\": \"float32\",", StringComparison.Ordinal);
        File.WriteAllText(config, stated);
        JsonElement before = CliRun.Json("model", "info", bin);
        JsonElement written = CliRun.Json("model", "convert", bin, "--output", st, "--dtype", "bf16", "--shard-size", "0.00005");
        JsonElement after = CliRun.Json("model", "info", st);
        Assert.Equal(64, before.GetProperty("fingerprint").GetProperty("weights").GetString()!.Length);
        Assert.Equal("F32", Assert.Single(before.GetProperty("dtypes").EnumerateArray()).GetString());
        Assert.Equal("BF16", Assert.Single(after.GetProperty("dtypes").EnumerateArray()).GetString());
        Assert.Equal(2 * after.GetProperty("parameters").GetInt64(), written.GetProperty("bytes").GetInt64());
        Assert.Equal(
            ["h.0.attn.bias", "lm_head.weight"],
            written.GetProperty("dropped").EnumerateArray().Select(d => d.GetString()).Order(StringComparer.Ordinal));
        Assert.True(written.GetProperty("files").GetArrayLength() > 1);
        Assert.Contains("\"torch_dtype\": \"bfloat16\"", File.ReadAllText(Path.Combine(st, "config.json")), StringComparison.Ordinal);
        Assert.Equal(301, CliRun.Json("model", "logits", "--model", st, "--tokens", "1,2,3").GetProperty("lastLogits").GetArrayLength());

        CliRun run = CliRun.Of("model", "convert", st, "--output", folder.File("again"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("kB in 1 file, in", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Q8_is_half_as_large_and_one_model_with_what_is_rounded_on_load()
    {
        string q8 = folder.File("q8"), source = TestFiles.Model;
        JsonElement written = CliRun.Json("model", "convert", source, "--output", q8, "--dtype", "q8");
        JsonElement before = CliRun.Json("model", "info", source), after = CliRun.Json("model", "info", q8);
        Assert.Equal("Q8", written.GetProperty("dtype").GetString());
        Assert.Equal(["F16", "Q8"], after.GetProperty("dtypes").EnumerateArray().Select(d => d.GetString()));
        Assert.Equal(before.GetProperty("parameters").GetInt64(), after.GetProperty("parameters").GetInt64());
        Assert.InRange(after.GetProperty("bytes").GetInt64() / (double)before.GetProperty("bytes").GetInt64(), 0.5, 0.52);
        Assert.True(CliRun.Json("model", "verify", q8).GetProperty("passed").GetBoolean());

        string[] asked = ["model", "logits", "--tokens", "1,2,3", "--device", "cpu", "--model"];
        Assert.Equal(
            CliRun.Json([.. asked, q8]).GetProperty("lastLogits").ToString(),
            CliRun.Json([.. asked, source, "--weights", "q8"]).GetProperty("lastLogits").ToString());
        CliRun run = CliRun.Of([.. asked, source, "--weights", "q4"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--weights is 'q4', expected one of stored, q8.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_would_be_no_model_is_not_written()
    {
        File.Copy(TestFiles.Golden("families/gpt2-tiny-f32/model.safetensors"), folder.File("model.safetensors"));
        File.Copy(TestFiles.Golden("families/gpt-neo-tiny/config.json"), folder.File("config.json"));
        CliRun.Of("model", "convert", folder.Path, "--output", folder.File("x"))
            .AssertFailed("the checkpoint does not fit its config.json: missing h.0.attn.attention.q_proj.weight");
        Assert.False(Path.Exists(folder.File("x")));
    }

    [Fact]
    public void Wrong_wishes_are_told()
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        CliRun.Of("model", "convert", source, "--output", folder.Path).AssertFailed(folder.Path, "is already there");
        CliRun.Of("model", "convert", folder.Path, "--output", folder.File("x")).AssertFailed("config.json: no such file");
        foreach (string[] wrong in (string[][])[["--dtype", "F64"], ["--shard-size", "0"], ["--shard-size", "NaN"], []])
        {
            string[] output = wrong.Length == 0 ? [] : ["--output", folder.File("x")];
            CliRun run = CliRun.Of(["model", "convert", source, .. output, .. wrong]);
            Assert.True(run.ExitCode == 2, run.Error);
            Assert.Contains(wrong.Length == 0 ? "--output" : wrong[0], run.Error, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_bin_that_wants_to_run_something_is_refused_by_name()
    {
        string marker = folder.File("marker");
        File.Copy(Path.Combine(TestFiles.Golden("families/gpt2-tiny-f32"), "config.json"), folder.File("config.json"));
        byte[] pickle = new Tensors.PyTorch.PickleBytes().Global("posix", "system").Text($"touch {marker}").Raw(0x85).Ops("R").Stop();
        File.WriteAllBytes(folder.File("pytorch_model.bin"), Tensors.PyTorch.ZipBytes.Checkpoint(pickle, []).ToArray());
        CliRun.Of("model", "info", folder.Path)
            .AssertFailed("pytorch_model.bin: its pickle calls posix.system, expected only tensors. Hint:");
        CliRun.Of("model", "convert", folder.Path, "--output", folder.File("x")).AssertFailed("its pickle calls posix.system");
        CliRun.Of("model", "logits", "--model", folder.Path, "--tokens", "1").AssertFailed("its pickle calls posix.system");
        Assert.False(File.Exists(marker));
    }
}

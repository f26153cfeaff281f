using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Cli;

/// <summary><c>--adapter</c> on the command line.</summary>
public sealed class AdapterTests : IDisposable
{
    private static readonly string Model = TestFiles.Golden("families/gpt2-tiny-f32"), Adapter = TestFiles.Golden("adapters/gpt2-patterns");

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_converted_model_says_what_the_model_with_its_adapter_says()
    {
        string merged = folder.File("merged");
        JsonElement written = CliRun.Json("model", "convert", Model, "--adapter", Adapter, "--output", merged);
        Assert.Equal(Adapter, written.GetProperty("adapter").GetString());
        string with = Logits("--model", Model, "--adapter", Adapter);
        Assert.Equal(with, Logits("--model", merged));
        Assert.NotEqual(with, Logits("--model", Model));
    }

    [Fact]
    public void Rounded_to_int8_it_is_merged_first()
    {
        string merged = folder.File("merged");
        CliRun.Json("model", "convert", Model, "--adapter", Adapter, "--dtype", "q8", "--output", merged);
        string onLoad = Logits("--model", Model, "--adapter", Adapter, "--weights", "q8");
        Assert.Equal(Logits("--model", merged), onLoad);
        Assert.NotEqual(Logits("--model", Model, "--weights", "q8"), onLoad);
        Assert.Equal(
            ModelFingerprinter.Compute(merged).Weights, ModelFingerprinter.Compute(Model, WeightForm.Q8, Adapter).Weights);
    }

    [Fact]
    public void Info_and_verify_tell_of_it()
    {
        JsonElement adapter = CliRun.Json("model", "info", Model, "--adapter", Adapter).GetProperty("adapter");
        Assert.Equal("gpt2-tiny-f32", adapter.GetProperty("baseModel").GetString());
        Assert.Equal(9, adapter.GetProperty("changed").GetArrayLength());
        Assert.Equal(4, adapter.GetProperty("replaced").GetArrayLength());
        Assert.Equal(3 * (48 * 144 + 48 * 48 + 192 * 48) * sizeof(float), adapter.GetProperty("mergedBytes").GetInt64());
        Assert.Equal(JsonValueKind.Null, CliRun.Json("model", "info", Model).GetProperty("adapter").ValueKind);
        string table = CliRun.Of("model", "info", Model, "--adapter", Adapter).Out;
        Assert.Contains("LoRA of rank 2, 3 on 9 weights", table, StringComparison.Ordinal);
        Assert.True(CliRun.Json("model", "verify", Model, "--adapter", Adapter).GetProperty("passed").GetBoolean());
    }

    [Fact]
    public void A_wrong_adapter_is_told()
    {
        string[] logits = ["model", "logits", "--model", Model, "--tokens", "1", "--adapter"];
        CliRun.Of([.. logits, folder.Path]).AssertFailed("no adapter_config.json");
        CliRun.Of([.. logits, Model]).AssertFailed("this is a model: name it with --model.");
        CliRun.Of([.. logits, TestFiles.Golden("adapters/gpt-j-regex")])
            .AssertFailed("does not fit the model", "it was trained on \"gpt-j-tiny\"");
        CliRun.Of("model", "logits", "--model", Adapter, "--tokens", "1")
            .AssertFailed("this is an adapter: name it with --adapter, and the base model with --model.");
        CliRun.Of("model", "convert", Model, "--adapter", TestFiles.Golden("adapters/gpt-j-regex"), "--output", folder.File("x"))
            .AssertFailed("does not fit the model");
        Assert.False(Path.Exists(folder.File("x")));
        Assert.Contains(
            "--adapter needs --model", CliRun.Of("edits", "show", "1", "--edits", folder.File("e"), "--adapter", Adapter).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Edits_belong_to_the_model_with_its_adapter()
    {
        string adapter = folder.File("lora"), edits = folder.File("edits.db");
        WriteAdapterOfTheBundledModel(adapter);
        string[] store = ["--model", TestFiles.Model, "--edits", edits], with = [.. store, "--adapter", adapter];
        CliRun add = CliRun.Of(["edits", "add", .. with, "--prompt", "Douglas Adams works as", "--target", "author"]);
        Assert.True(add.ExitCode == 0, add.Error);
        Assert.Equal(0, CliRun.Of(["edits", "check", .. with]).ExitCode);
        Assert.Equal(0, CliRun.Of(["edits", "show", "1", .. with]).ExitCode);
        foreach (string[] command in (string[][])[["edits", "check"], ["edits", "show", "1"], ["generate", "--prompt", "a"]])
            CliRun.Of([.. command, .. store]).AssertFailed("was made over a model with a LoRA adapter", "name the adapter with --adapter");
    }

    private static void WriteAdapterOfTheBundledModel(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), """{"peft_type": "LORA", "r": 1, "lora_alpha": 0.01}""");
        int width = 256;
        const string Name = "base_model.model.transformer.h.0.attn.c_proj.lora_";
        using var device = new Sharpformer.Tensors.Cpu.CpuDevice(threads: 1);
        float[] ones = [.. Enumerable.Repeat(1f, width)];
        Sharpformer.Tensors.SafeTensors.SafeTensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), [
            new(Name + "A.weight", device.From(ones, 1, width)), new(Name + "B.weight", device.From(ones, width, 1))]);
    }

    private static string Logits(params string[] model) =>
        CliRun.Json(["model", "logits", .. model, "--tokens", "1,2,3"]).GetProperty("lastLogits").GetRawText();
}

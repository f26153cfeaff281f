using System.Text.Json;
using Sharpformer.Tests.Transformer.Tokenization;

namespace Sharpformer.Tests.Cli;

/// <summary>A model folder whose tokenizer is <c>tokenizer.json</c> alone.</summary>
public sealed class TokenizerJsonModelTests
{
    [Fact]
    public void It_answers_as_the_same_model_with_the_other_form()
    {
        using TokenizerFolder folder = TokenizerFolder.Of(TestFiles.Model);
        folder.Load();
        foreach (string name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(TestFiles.Model, name), folder.File(name));
        string[] logits = ["model", "logits", "--prompt", "The capital of France is", "--model"];
        Assert.Equal(CliRun.Result(CliRun.Json([.. logits, TestFiles.Model])), CliRun.Result(CliRun.Json([.. logits, folder.Path])));

        JsonElement info = CliRun.Json("model", "info", folder.Path), bundled = CliRun.Json("model", "info", TestFiles.Model);
        Assert.Equal(7015, info.GetProperty("tokenizer").GetInt32());
        Assert.Equal(Fingerprint(bundled, "weights"), Fingerprint(info, "weights"));
        Assert.NotEqual(Fingerprint(bundled, "tokenizer"), Fingerprint(info, "tokenizer"));
        folder.Write("tokenizer.json", "{}");
        CliRun.Of([.. logits, folder.Path]).AssertFailed("tokenizer.json", "has no \"model\"");
    }

    private static string Fingerprint(JsonElement info, string part) => info.GetProperty("fingerprint").GetProperty(part).GetString()!;
}

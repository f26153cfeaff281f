using System.Security.Cryptography;
using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Cli;

/// <summary>A checkpoint that is large enough for its fingerprint to be remembered, and <c>--verify</c>.</summary>
public sealed class RememberedModelTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [LinuxFact]
    public void What_is_remembered_is_believed_until_verify_reads_all()
    {
        string model = LargeModel(), store = folder.File("e.db");
        string records = CliFiles.Facts(folder, "r.json", ("The capital of France is", "Rome"));
        CliRun added = Run("edits", "add", "--model", model, "--edits", store, "--input", records, "--method", "ireva", "--no-retrofit");
        Assert.True(added.ExitCode == 0, added.Error);
        string[] ask = ["generate", "--model", model, "--edits", store, "--prompt", "The capital of France is", "--max-new-tokens", "1"];
        CliRun right = Run(ask);
        Assert.True(right.ExitCode == 0, right.Error);

        RememberAnother();
        Run(ask).AssertFailed("belongs to another model");
        CliRun verified = Run([.. ask, "--verify"]);
        Assert.Equal((0, right.Out), (verified.ExitCode, verified.Out));
        Assert.Contains("fingerprint", verified.Error, StringComparison.Ordinal); // what was remembered is said to have been wrong
        CliRun mended = Run(ask);
        Assert.Equal((0, right.Out, right.Error), (mended.ExitCode, mended.Out, mended.Error));
    }

    private string Cache => folder.File("cache");

    private CliRun Run(params string[] args)
    {
        using var process = CliProcess.Start(args, limits: $"export SHARPFORMER_CACHE='{Cache}' SHARPFORMER_DEVICE=cpu");
        return process.Finish();
    }

    /// <summary>The bundled model with a mask of 64 MB, which no program reads; not written just now, as its time says.</summary>
    private string LargeModel()
    {
        string model = folder.File("model"), weights = Path.Combine(model, "model.safetensors");
        TestFiles.CopyModel(model);
        var stored = SafeTensorsFile.Open(Path.Combine(TestFiles.Model, "model.safetensors"));
        SafeTensorsWriter.Write(weights, [
            .. stored.Tensors.Select(tensor => new SafeTensorsEntry(stored, tensor.Name)),
            new SafeTensorsEntry("h.0.attn.bias", DType.F32, new Shape(1, 1, 4096, 4096), (_, values) => values.Clear()),
        ]);
        File.SetLastWriteTimeUtc(weights, DateTime.UtcNow.AddHours(-1));
        return model;
    }

    /// <summary>Puts another checksum of weights into what was remembered, and makes it whole again.</summary>
    private void RememberAnother()
    {
        string file = Assert.Single(Directory.GetFiles(Path.Combine(Cache, "fingerprints")));
        string[] lines = File.ReadAllText(file).Split('\n');
        lines[^4] = lines[^4].Replace(lines[^4][^1], lines[^4][^1] == '0' ? '1' : '0');
        string entry = string.Join('\n', lines[..^2]) + '\n';
        File.WriteAllText(file, $"{entry}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry)))}\n");
    }
}

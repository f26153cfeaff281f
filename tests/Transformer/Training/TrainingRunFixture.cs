using System.Text;
using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>What tests of runs have in common: a tiny model, a few sentences, and a folder for what comes of them.</summary>
public abstract class TrainingRunFixture : IDisposable
{
    private const string Shape = """
        "model": {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16}
        """;

    private const string Settings = """
        "warmupSteps": 2, "learningRate": 0.01, "batchTokens": 32, "documents": "line"
        """;

    private protected static readonly string Sentences =
        string.Join('\n', Enumerable.Range(0, 60).Select(i => $"The capital of land {i} is Paris, or {i * 7}."));

    private protected TemporaryFolder Folder { get; } = TestFiles.TemporaryFolder();

    private protected CpuDevice Device { get; } = new(threads: 2);

    public void Dispose()
    {
        Device.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected TrainingJob Job(string name, string settings, bool shape = true)
    {
        string[] parts = [.. ((string[])[shape ? Shape : "", Settings, settings]).Where(part => part.Length > 0)];
        // A later value of a key goes before an earlier one here.
        File.WriteAllText(Folder.File("c.json"), $"{{{Merged(string.Join(", ", parts))}}}");
        return new TrainingJob
        {
            Config = TrainingConfig.Load(Folder.File("c.json")),
            Text = [Source(Sentences)],
            Output = Folder.File(name),
            Tokenizer = shape ? TestFiles.Model : null,
        };
    }

    private static string Merged(string members)
    {
        using var all = JsonDocument.Parse($"{{{members}}}");
        return string.Join(", ", all.RootElement.EnumerateObject().GroupBy(one => one.Name).Select(same => same.Last().ToString()));
    }

    private protected TrainingResult Run(TrainingJob job) => TrainingRun.Execute(job, Device);

    private protected InputException Stop(TrainingJob job, int after)
    {
        using var cancellation = new CancellationTokenSource();
        return Assert.Throws<InputException>(() => TrainingRun.Execute(
            job, Device, told => { if (told.Step == after) cancellation.Cancel(); }, cancellation.Token));
    }

    private protected void AssertSame(string one, string other)
    {
        Assert.Equal(Weights(one), Weights(other));
        Assert.Equal(Lines(one), Lines(other));

        byte[] Weights(string name) => File.ReadAllBytes(Folder.File($"{name}/model.safetensors"));

        IEnumerable<TrainingLogLine> Lines(string name) =>
            TrainingLog.Read(Folder.File($"{name}/training.jsonl")).Select(line => line with { TokensPerSecond = null });
    }

    private protected static TextSource Source(string text) => new("text", () => new MemoryStream(Encoding.UTF8.GetBytes(text)));
}

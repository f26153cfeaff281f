using Sharpformer.Editing;
using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Methods.Locating;

/// <summary>Few statistics of the bundled model's blocks 0 to 2, made once for all tests: enough to be positive definite.</summary>
internal static class BundledStatistics
{
    private static readonly Lazy<TemporaryFolder> Made = new(Make);

    /// <summary>Where they lie.</summary>
    public static string Folder => Made.Value.Path;

    /// <summary>Whose they are.</summary>
    public static ModelFingerprint Model { get; } = ModelFingerprinter.Compute(TestFiles.Model);

    /// <summary>What a method finds around it, statistics included.</summary>
    public static TeachingContext Context(Tokenizer tokenizer) => new()
    {
        Tokenizer = tokenizer,
        BosId = tokenizer.BosId,
        EosId = tokenizer.EosId,
        StatisticsFolder = Folder,
        Model = Model,
    };

    private static TemporaryFolder Make()
    {
        TemporaryFolder folder = TestFiles.TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        using var device = new CpuDevice(2);
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        var tokenizer = Tokenizer.Load(TestFiles.Model);
        int[][] texts = [.. File.ReadLines(Path.Combine(Path.GetDirectoryName(TestFiles.Facts("x"))!, "heldout.txt"))
            .Where(line => line.Length > 0).Take(400).Select(tokenizer.Encode)];
        foreach (int layer in (int[])[0, 1, 2])
            new MlpStatistics(folder.Path, Model, layer, "few").Collect(model, texts, tokens: 4000);
        return folder;
    }
}

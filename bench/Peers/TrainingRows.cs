using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using TorchSharp;

namespace Sharpformer.Peers;

/// <summary>Training all weights of a model: forward, backward, clipping and AdamW, and the memory that it takes.</summary>
/// <param name="device">The engine's device.</param>
/// <param name="alternation">How to time.</param>
/// <param name="root">The repository.</param>
/// <param name="files">The models.</param>
internal sealed class TrainingRows(CpuDevice device, Alternation alternation, string root, PeerFiles files)
{
    /// <summary>The argument with which the program is one side of a memory row; the size and the side follow.</summary>
    public const string Alone = "training-alone";

    private const int CheckedSteps = 3, MeasuredSteps = 3;

    private static readonly TrainingSettings Settings =
        new() { LearningRate = 1e-4, FinalRate = 1, WarmupSteps = 0, Beta2 = 0.999, ClipNorm = 1, WeightDecay = 0.01 };

    private static readonly Size[] Sizes = [new("124M", 4, 128), new("bundled", 32, 64)];

    /// <summary>A model and how much of a text it sees at once.</summary>
    private sealed record Size(string Name, int Sequences, int Tokens);

    /// <summary>Two rows for each size: tokens a second, and megabytes.</summary>
    public IEnumerable<Row> All()
    {
        foreach (Size size in Sizes)
        {
            yield return Speed(size);
            yield return Memory(size);
        }
    }

    /// <summary>What a process of its own does for one side of a memory row; prints the peak.</summary>
    /// <param name="name">The size.</param>
    /// <param name="isOurs">Which side.</param>
    public void RunAlone(string name, bool isOurs)
    {
        Size size = Sizes.Single(size => size.Name == name);
        CausalLm model = Load(size);
        using PeerTraining? training = isOurs ? null : new PeerTraining(model, Settings);
        Func<float> step = training is null ? OurStep(model, size) : PeerStep(training, model.Config, size);
        for (int i = 0; i < MeasuredSteps; i++) step();
        Console.WriteLine(ProcessMemory.PeakBytes());
    }

    private Row Speed(Size size)
    {
        CausalLm model = Load(size);
        using var scope = torch.NewDisposeScope();
        string work = $"train {size.Name}, {size.Sequences}x{size.Tokens} tokens, AdamW";
        using var training = new PeerTraining(model, Settings);
        Func<float> ours = OurStep(model, size), peer = PeerStep(training, model.Config, size);
        Agreeing.Check(
            work, [.. Enumerable.Range(0, CheckedSteps).Select(_ => ours())], [.. Enumerable.Range(0, CheckedSteps).Select(_ => peer())]);
        // Those steps were the warm-up.
        return alternation.Time(
            work, "token", size.Sequences * size.Tokens, new Way("ours", () => Alternation.Seconds(() => ours())),
            new Way("libtorch", () => Alternation.Seconds(() => peer()), Goal: 1.1)).Single();
    }

    private static Row Memory(Size size)
    {
        double ours = Peak("ours"), peer = Peak("peer");
        string work = $"train {size.Name}, {size.Sequences}x{size.Tokens} tokens, peak memory";
        return Alternation.Told(new Row(work, "MB", ours, peer, peer / ours, null, null) { Goal = 1 });

        double Peak(string side) => OwnProcess.Again(Alone, size.Name, side).Told * 1e-6;
    }

    private CausalLm Load(Size size)
    {
        if (size.Name == "bundled") return CausalLm.Load(Path.Combine(root, "models", "facts-gpt2"), device);
        return CausalLm.Load(files.Ours("gpt2", DType.F32), device);
    }

    private static Func<float> OurStep(CausalLm model, Size size)
    {
        int[][] text = Text(size, model.Config);
        var trainer = Trainer.OfModel(model, Settings);
        var batch = new TrainingBatch(
            size.Sequences, size.Tokens, [.. text.SelectMany(sequence => sequence[..^1])], [.. text.SelectMany(sequence => sequence[1..])]);
        return () => (float)trainer.Step([batch]).Loss;
    }

    private static Func<float> PeerStep(PeerTraining training, ModelConfig config, Size size)
    {
        int[][] text = Text(size, config);
        torch.Tensor ids = torch.tensor(
            [.. text.SelectMany(sequence => sequence[..^1]).Select(id => (long)id)], [size.Sequences, size.Tokens]);
        torch.Tensor targets = torch.tensor([.. text.SelectMany(sequence => sequence[1..]).Select(id => (long)id)]);
        return () => training.Step(ids, targets);
    }

    /// <summary>Random tokens, one more than a sequence has: the last is only a target.</summary>
    private static int[][] Text(Size size, ModelConfig config)
    {
        var rng = new Rng(11);
        int[] Sequence() => [.. Enumerable.Range(0, size.Tokens + 1).Select(_ => rng.NextInt(config.VocabSize))];
        return [.. Enumerable.Range(0, size.Sequences).Select(_ => Sequence())];
    }
}

using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>All that a training run is told: how weights change, what a step reads, how long it goes on, and what is kept.</summary>
public sealed record TrainingPlan
{
    /// <summary>How weights change. Its number of steps is the run's to work out.</summary>
    public TrainingSettings Settings { get; init; } = new();

    /// <summary>Names of weights that stay as they are; <c>*</c> stands for anything.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>The low-rank additions that are trained instead of weights; null for none.</summary>
    public LoraPlan? Lora { get; init; }

    /// <summary>Tokens that the model reads at once; null for all its positions.</summary>
    public int? Window { get; init; }

    /// <summary>Tokens that go through the model together: as many windows as that makes, at least one.</summary>
    public int BatchTokens { get; init; } = 8192;

    /// <summary>Batches of a step, whose gradients add up.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Whether windows run over the borders of documents.</summary>
    public bool Crossing { get; init; } = true;

    /// <summary>Where documents end.</summary>
    public DocumentSplit Documents { get; init; } = DocumentSplit.File;

    /// <summary>Share of documents that begin with the begin token.</summary>
    public double BosShare { get; init; }

    /// <summary>Bytes that the run may take, see <see cref="TrainingMemory.Fit"/>; null for no such limit.</summary>
    public long? Memory { get; init; }

    /// <summary>Steps of the run; null for no such limit.</summary>
    public int? Steps { get; init; }

    /// <summary>Tokens of the run, padding included; null for no such limit.</summary>
    public long? Tokens { get; init; }

    /// <summary>Hours that the run may take, over all its parts; null for no such limit.</summary>
    public double? Hours { get; init; }

    /// <summary>Steps from one evaluation to the next; 0 evaluates at the end only.</summary>
    public int EvaluateEvery { get; init; } = 250;

    /// <summary>Evaluations without a better loss that end the run; 0 for any number.</summary>
    public int Patience { get; init; }

    /// <summary>Whether the weights of the best evaluation are written in the end, not the last ones.</summary>
    public bool KeepBest { get; init; }

    /// <summary>Steps from one checkpoint to the next; 0 for none but by time and at the end.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Minutes from one checkpoint to the next; 0 for none but by steps and at the end.</summary>
    public double CheckpointMinutes { get; init; } = 15;

    /// <summary>Steps from one line of the log to the next.</summary>
    public int LogEvery { get; init; } = 1;

    /// <summary>How weights are stored in the end.</summary>
    public DType DType { get; init; } = DType.F32;

    /// <summary>The seed of all that is random: weights, order of documents, begin tokens, dropout.</summary>
    public ulong Seed => Settings.Seed;

    /// <summary>Windows of a batch.</summary>
    public int Rows(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Math.Max(1, BatchTokens / (Window ?? config.NPositions));
    }
}

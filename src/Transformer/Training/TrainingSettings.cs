namespace Sharpformer.Transformer.Training;

/// <summary>How a model is trained: AdamW (Loshchilov and Hutter 2019) along a warm-up and a cosine.</summary>
public sealed record TrainingSettings
{
    /// <summary>The highest step size, reached at the end of the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps over which the step size grows from nothing to the highest.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Steps in all; at the last one the cosine reaches <see cref="FinalRate"/>.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Share of the highest step size that is left at the end.</summary>
    public double FinalRate { get; init; } = 0.1;

    /// <summary>Decay rate of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the second moment.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Share of a matrix, times the step size, taken off at each step. Vectors (biases and gains) do not decay.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>The gradients of all weights together are made no longer than this; 0 leaves them as they are.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Share of the probability that the loss spreads over the whole vocabulary.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Share of elements dropped after the embedding, of attention's probabilities, and of what attention and MLP add.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Whether blocks are computed twice, forward and again for the gradients, so that only what lies between them is remembered.
    /// </summary>
    public bool RecomputesBlocks { get; init; }

    /// <summary>Seeds what is dropped.</summary>
    public ulong Seed { get; init; }

    /// <summary>The step size of a step: linear up to the peak, then a cosine down to <see cref="FinalRate"/> of it.</summary>
    /// <param name="step">Counted from 0.</param>
    public double RateAt(int step)
    {
        if (step < WarmupSteps) return LearningRate * (step + 1) / WarmupSteps;
        double passed = Steps > WarmupSteps ? Math.Min(1, (double)(step - WarmupSteps) / (Steps - WarmupSteps)) : 1;
        return LearningRate * (FinalRate + ((1 - FinalRate) * 0.5 * (1 + Math.Cos(Math.PI * passed))));
    }
}
